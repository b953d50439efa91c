"""A server with several tokens, for tests, and those who hold them."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from tests.server import Server, running_server

TOKENS = {name: f"{name}-of-this-test-0123456789" for name in ("alice", "bob", "watcher", "root", "busy")}
STRANGER = "nobody-has-ever-had-this-token"
FILE = f"""
[alice]
token = "{TOKENS["alice"]}"

[bob]
token = "{TOKENS["bob"]}"
instances = 1
sockets = 1

[busy]
token = "{TOKENS["busy"]}"
requests_per_s = 2

[watcher]
token = "{TOKENS["watcher"]}"
role = "observe"

[root]
token = "{TOKENS["root"]}"
role = "admin"
"""


def bearer(name: str) -> dict[str, str]:
    """The header with that holder's token."""
    return {"Authorization": f"Bearer {TOKENS.get(name, name)}"}


class Guarded:
    """A server that asks for tokens; `api` and `files` talk to its two ports in a holder's name."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.api = {name: httpx.Client(base_url=server.url, headers=bearer(name), timeout=60) for name in TOKENS}
        self.files = {
            name: httpx.Client(base_url=server.artifacts_url, headers=bearer(name), timeout=60) for name in TOKENS
        }

    def created(self, name: str, env_id: str = "CartPole-v1", **fields: object) -> str:
        """The id of a new instance of that holder's, in its first episode, with a picture."""
        api = self.api[name]
        reply = api.post("/v2/envs", json={"env_id": env_id, "render_mode": "rgb_array"} | fields)
        assert reply.status_code == 201, reply.text
        instance_id = str(reply.json()["instance_id"])
        assert api.post(f"/v2/envs/{instance_id}/reset", json={"render": True}).status_code == 200
        return instance_id

    def close_all(self, name: str) -> None:
        """That holder has no instance."""
        for document in self.api[name].get("/v2/envs").json()["envs"]:
            assert self.api[name].delete(f"/v2/envs/{document['instance_id']}").status_code == 204


@contextlib.contextmanager
def guarded_server(folder: Path, *flags: str, environment: Mapping[str, str] | None = None) -> Iterator[Guarded]:
    """A server with the tokens above."""
    path = folder / "tokens.toml"
    path.touch(mode=0o600)
    path.write_text(FILE)
    with running_server(folder, "--token-file", str(path), *flags, environment=dict(environment or {})) as server:
        guarded = Guarded(server)
        try:
            yield guarded
        finally:
            for client in (*guarded.api.values(), *guarded.files.values()):
                client.close()
