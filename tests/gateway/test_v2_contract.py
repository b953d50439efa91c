"""The OpenAPI document keeps its promises: whatever is asked, nothing undocumented is answered, and nobody harmed."""

import re
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
import schemathesis
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.dialects.v2_contract import OPERATIONS
from tests.server import Server, running_server

EXAMPLES = 40
DERANDOMISED = settings(
    derandomize=True, deadline=None, database=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck)
)
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
ALLOWED_5XX = {501, 503}
MAX_INSTANCES = 8
LIMITS = {"step_s": 5}  # within others that are allowed no worker can live, as its crash report says
KNOWN = {"env_id": "CartPole-v1", "render_mode": "rgb_array", "kwargs": {}, "wrappers": [], "limits": LIMITS}
ALWAYS_RIGHT = {
    ("GET", "/v2/openapi.json"), ("GET", "/v2/registry/{env_id}"), ("GET", "/v2/scoreboard/{evaluation_id}"),
}  # fmt: skip
"""Operations whose document leaves nothing to get wrong."""


@schemathesis.serializer("application/msgpack")
def write_msgpack(_ctx: schemathesis.SerializationContext, value: Any) -> Any:
    try:
        return msgpack.packb(value)
    except OverflowError:  # an integer that the format has no room for
        reject()


@schemathesis.deserializer("application/msgpack", "application/problem+msgpack")
def read_msgpack(_ctx: schemathesis.DeserializationContext, response: schemathesis.Response) -> Any:
    return msgpack.unpackb(response.content, ext_hook=lambda _code, _data: [])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One with room for few instances, so that nobody can fill the machine."""
    with running_server(tmp_path_factory.mktemp("server"), "--max-instances", str(MAX_INSTANCES)) as running:
        yield running
        assert "ERROR" not in running.log


@pytest.fixture(scope="module", autouse=True)
def _bystander(server: Server) -> Iterator[None]:
    """An instance that nobody names steps on at the end as if nothing had been."""
    path = f"/v2/envs/{begun(server)}"
    before = server.http.get(path).json()
    yield
    after = server.http.get(path).json()
    assert [after[name] for name in ("pid", "state", "steps")] == [before[name] for name in ("pid", "state", "steps")]
    assert server.http.post(f"{path}/step", json={"action": 0}).status_code == 200


@pytest.fixture
def instance_id(server: Server) -> Iterator[str]:
    """One that a test may do anything to."""
    instance_id = begun(server)
    yield instance_id
    server.http.delete(f"/v2/envs/{instance_id}")


def begun(server: Server) -> str:
    """The id of a new instance in its first episode."""
    instance_id = str(server.http.post("/v2/envs", json={"env_id": "CartPole-v1"}).json()["instance_id"])
    assert server.http.post(f"/v2/envs/{instance_id}/reset").status_code == 200
    return instance_id


@pytest.fixture(scope="module")
def schema(server: Server) -> Any:
    return schemathesis.openapi.from_url(f"{server.url}/v2/openapi.json")


def known(case: Any, instance_id: str) -> None:
    """The case is about an instance and an environment that there are."""
    if "instance_id" in case.path_parameters:
        case.path_parameters["instance_id"] = instance_id
    if isinstance(case.body, dict):
        case.body |= {name: value for name, value in KNOWN.items() if name in case.body}
        if "instance_ids" in case.body:
            case.body["instance_ids"] = [instance_id]


def close_created(server: Server, response: schemathesis.Response) -> None:
    """What a case has created is closed."""
    if response.request.method == "POST" and response.status_code == 201:
        for instance_id in re.findall(rb"instance_id\W{1,4}([0-9a-f]{8})", response.content):
            server.http.delete(f"/v2/envs/{instance_id.decode()}")


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=str)
def test_an_operation_answers_as_its_document_says(
    server: Server, schema: Any, instance_id: str, method: str, path: str, mode: GenerationMode
) -> None:
    """Status, media type and shape, for what the document allows and for what it does not."""
    if mode is GenerationMode.NEGATIVE and (method, path) in ALWAYS_RIGHT:
        return
    operation = schema[path][method]

    @DERANDOMISED
    @given(case=operation.as_strategy(mode), is_known=st.booleans())
    def ask(case: Any, *, is_known: bool) -> None:
        if is_known:
            known(case, instance_id)
        if mode is GenerationMode.POSITIVE and isinstance(case.body, dict) and "limits" in case.body:
            case.body["limits"] = LIMITS
        response = case.call(timeout=30)
        assert response.status_code < 500 or response.status_code in ALLOWED_5XX, response.text
        case.validate_response(response, checks=CHECKS)
        close_created(server, response)

    ask()
