"""Any client of gym-http-api, where it does not matter which: says JSON over one kept-alive connection."""

import json
from typing import Any

from tests.transcripts.wire import Answer, Connection

NO_TYPE = ""


class Caller(Connection):
    """A connection that writes its requests by itself."""

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "application/json",
        *headers: str,
    ) -> bytes:
        """The bytes of a request; a body of None is none, without a length."""
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1:5000", *headers]
        if content_type:
            lines.append(f"Content-Type: {content_type}")
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")

    def get(self, path: str) -> Answer:
        """The answer to a GET."""
        return self.ask(self.request("GET", path))

    def post(self, path: str, value: Any = None) -> Answer:
        """The answer to a POST of the value as JSON."""
        return self.ask(self.request("POST", path, json.dumps(value).encode()))

    def create(self, env_id: str, **fields: Any) -> str:
        """The path of a new instance, without a slash at its end."""
        answer = self.post("/v1/envs/", {"env_id": env_id, **fields})
        assert answer.status == 200, answer
        return f"/v1/envs/{answer.json['instance_id']}"

    def play(self, instance: str, steps: int = 1) -> None:
        """An episode of so many steps, with action 0, that the next reset ends."""
        assert self.post(f"{instance}/reset/").status == 200
        for _ in range(steps):
            assert self.post(f"{instance}/step/", {"action": 0}).status == 200
