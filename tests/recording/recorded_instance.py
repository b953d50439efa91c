"""An instance whose monitor a test drives over `/v2`, and what it has left on the artifact port."""

from pathlib import Path
from typing import Any

import httpx

from tests.server import Server


class RecordedInstance:
    """A new instance of the environment; `fields` are those of its creation."""

    def __init__(self, server: Server, env_id: str, **fields: Any) -> None:
        created = server.http.post("/v2/envs", json={"env_id": env_id, **fields})
        assert created.status_code == 201, created.text
        self.instance_id = str(created.json()["instance_id"])
        self._server = server

    def post(self, path: str, **fields: Any) -> httpx.Response:
        return self._server.http.post(f"/v2/envs/{self.instance_id}/{path}", json=fields)

    def get(self, path: str) -> Any:
        answer = self._server.http.get(f"/v2/envs/{self.instance_id}/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def start(self, **fields: Any) -> None:
        """The monitor records."""
        answer = self.post("monitor/start", **fields)
        assert (answer.status_code, answer.json()) == (200, {"is_recording": True}), answer.text

    def stop(self) -> None:
        """The monitor is closed."""
        answer = self.post("monitor/close")
        assert (answer.status_code, answer.json()) == (200, {"is_recording": False}), answer.text

    def reset(self, **fields: Any) -> Any:
        answer = self.post("reset", **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def step(self, *actions: Any) -> list[dict[str, Any]]:
        """The transitions that the actions led to."""
        answer = self.post("step", actions=actions)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["transitions"])

    def play(self, seed: int = 0) -> int:
        """The length of a whole episode in which the first action is taken again and again."""
        self.reset(seed=seed)
        return len(self.step(*[1] * 1000))

    def upload(self, **fields: Any) -> Any:
        """The evaluation."""
        answer = self.post("upload", **{"api_key": "sk_client", "algorithm_id": self.instance_id} | fields)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def names(self) -> list[str]:
        """The files of its monitors, as the artifact port lists them."""
        return names_of(self._server, self.instance_id)

    def downloaded(self, folder: Path) -> Path:
        """A folder with all that was recorded so far."""
        target = folder / self.instance_id
        target.mkdir()
        for name in self.names():
            (target / name).write_bytes(self._server.files.get(f"/{self.instance_id}/simulation/{name}").content)
        return target


def names_of(server: Server, instance_id: str) -> list[str]:
    """The files that an instance has recorded, alive or not."""
    listing = server.files.get(f"/{instance_id}/simulation/", headers={"Accept": "application/json"})
    return [entry["name"] for entry in listing.json()["entries"]]
