"""What the tests of several pages do before a page is opened, as the clients of other people would."""

from typing import Any

from tests.server import Server


def created(server: Server, env_id: str, **fields: Any) -> str:
    """The id of a new instance, which is reset with seed 0."""
    reply = server.http.post("/v2/envs", json={"env_id": env_id, **fields})
    assert reply.status_code == 201, reply.text
    instance_id = str(reply.json()["instance_id"])
    reply = server.http.post(f"/v2/envs/{instance_id}/reset", json={"seed": 0})
    assert reply.status_code == 200, reply.text
    return instance_id


def step(server: Server, instance_id: str, action: Any) -> int:
    """The status with which the step was answered."""
    return server.http.post(f"/v2/envs/{instance_id}/step", json={"action": action}).status_code


def close_all(server: Server) -> None:
    """No instance is left."""
    for document in server.http.get("/v2/envs").json()["envs"]:
        path = f"/v2/envs/{document['instance_id']}"
        server.http.post(f"{path}/kill", json={})  # or a hanging one would be waited for
        assert server.http.delete(path).status_code == 204
