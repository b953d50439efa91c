"""A server behind TLS that wants a token: who has both is served over every transport, and nobody else."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_args

import pytest
from gym_server_client import (
    AsyncClient,
    RemoteEnv,
    RemoteVectorEnv,
    ServerUnreachable,
    TransportName,
    Unauthorized,
)

from tests.server import running_server

TOKEN = "a-token-that-nobody-guesses-0123456789"  # noqa: S105 - of a server that lives for these tests
TRANSPORTS = get_args(TransportName)


class Gate(NamedTuple):
    """Where the server is, and the certificate that it shows."""

    url: str
    ca_file: Path


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """With a certificate of its own, which no authority has signed."""
    folder = tmp_path_factory.mktemp("gate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
    command = ["openssl", "req", "-x509", *curve, *names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    flags = ("--token", TOKEN, "--tls-cert", str(certificate), "--tls-key", str(key))
    with running_server(folder, *flags) as server:
        yield Gate(server.url, certificate)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_who_has_the_token_is_served(gate: Gate, transport: TransportName, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given as an argument, or in the variable."""
    env = RemoteEnv(gate.url, "CartPole-v1", token=TOKEN, ca_file=gate.ca_file, transport=transport)
    env.reset(seed=1)
    env.close()
    monkeypatch.setenv("GYM_SERVER_TOKEN", TOKEN)
    envs = RemoteVectorEnv(gate.url, "FrozenLake-v1", 2, render_mode="ansi", ca_file=gate.ca_file, transport=transport)
    envs.reset(seed=1)
    assert envs.render()
    envs.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("token", ["", "another"])
def test_who_has_it_not_is_told_so_at_once(gate: Gate, transport: TransportName, token: str) -> None:
    """No token, or one that the server does not know."""
    with pytest.raises(Unauthorized) as unauthorized:
        RemoteEnv(gate.url, "CartPole-v1", token=token, ca_file=gate.ca_file, transport=transport)
    assert unauthorized.value.code == "unauthorized"
    assert TOKEN not in str(unauthorized.value)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_certificate_that_nobody_vouches_for_is_an_error(gate: Gate, transport: TransportName) -> None:
    """And the token is not sent."""
    with pytest.raises(ServerUnreachable, match="certificate verify failed"):
        RemoteEnv(gate.url, "CartPole-v1", token=TOKEN, transport=transport)


async def test_the_same_is_true_of_programs_of_many_tasks(gate: Gate) -> None:
    """Served, told so, an error."""
    async with AsyncClient(gate.url, token=TOKEN, ca_file=gate.ca_file) as client:
        env = await client.make("CartPole-v1")
        await env.reset(seed=1)
    with pytest.raises(Unauthorized):
        await asyncio.wait_for(AsyncClient(gate.url, token="", ca_file=gate.ca_file).__aenter__(), 10)
    with pytest.raises(ServerUnreachable, match="certificate verify failed"):
        await asyncio.wait_for(AsyncClient(gate.url, token=TOKEN).__aenter__(), 10)


@pytest.mark.parametrize("url", ["127.0.0.1:5000", "ftp://127.0.0.1", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match="http://host:port"):
        RemoteEnv(url, "CartPole-v1")


def test_a_token_that_would_be_more_than_a_header_is_refused() -> None:
    """And not repeated in the message."""
    with pytest.raises(ValueError, match="no header can hold") as refused:
        RemoteEnv("http://127.0.0.1:1", "CartPole-v1", token=f"{TOKEN}\r\nX-Evil: 1")
    assert TOKEN not in str(refused.value)
