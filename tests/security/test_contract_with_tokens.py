"""The OpenAPI document holds for holders of tokens, too: whatever is asked, nothing undocumented is answered."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from gateway.dialects.v2_contract import OPERATIONS
from tests.security.holders import TOKENS, Guarded, bearer, guarded_server

BOUNDED = settings(
    derandomize=True, deadline=None, database=None, max_examples=12, suppress_health_check=list(HealthCheck)
)
CHECKS = [status_code_conformance, content_type_conformance]
HOLDERS = ("bob", "watcher", None)
ALLOWED_5XX = {501, 503}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """With sane environments alone, since the registry looks at all of them."""
    with guarded_server(tmp_path_factory.mktemp("guarded")) as running:
        yield running


@pytest.fixture(scope="module")
def schema(guarded: Guarded) -> Any:
    return schemathesis.openapi.from_dict(guarded.api["root"].get("/v2/openapi.json").json())


@pytest.fixture(scope="module")
def instance_id(guarded: Guarded) -> Iterator[str]:
    """Alice's, which nobody here may touch."""
    instance_id = guarded.created("alice")
    before = guarded.api["alice"].get(f"/v2/envs/{instance_id}").json()
    yield instance_id
    after = guarded.api["alice"].get(f"/v2/envs/{instance_id}").json()
    assert [after[name] for name in ("pid", "state", "steps")] == [before[name] for name in ("pid", "state", "steps")]


@pytest.mark.parametrize(("method", "path"), [each for each in OPERATIONS if each != ("GET", "/v2/ws")], ids=str)
def test_an_operation_answers_as_its_document_says(
    guarded: Guarded, schema: Any, instance_id: str, method: str, path: str
) -> None:
    """To its holders and to those who have no token; to the latter, that they need one."""
    operation = schema[path][method]

    @BOUNDED
    @given(
        case=operation.as_strategy(GenerationMode.POSITIVE),
        holder=st.sampled_from(HOLDERS),
        is_anothers=st.booleans(),
    )
    def ask(case: Any, holder: str | None, *, is_anothers: bool) -> None:
        if is_anothers and "instance_id" in case.path_parameters:
            case.path_parameters["instance_id"] = instance_id
        headers = bearer(holder) if holder else {}
        response = case.call(base_url=guarded.server.url, headers=headers, timeout=60)
        assert response.status_code < 500 or response.status_code in ALLOWED_5XX, response.text
        case.validate_response(response, checks=CHECKS)
        if holder is None:
            assert response.status_code == 401
        elif holder == "watcher":
            assert method == "GET" or response.status_code == 403
        elif "instance_id" in case.path_parameters:
            assert response.status_code in {404, 415, 422, 400}
        if response.status_code == 201:
            guarded.close_all("bob")
        assert not [token for token in TOKENS.values() if token.encode() in response.content]

    ask()
