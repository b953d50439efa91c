"""Python: requests, one kept-alive session; says JSON on a GET too, and `null` where it has nothing to say."""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

_HEADERS = (
    "User-Agent: python-requests/2.11.1",
    "Accept-Encoding: gzip, deflate",
    "Accept: */*",
    "Connection: keep-alive",
    "Content-type: application/json",
)

PYTHON = Client(
    name="Python",
    host="127.0.0.1",
    get=_HEADERS,
    post=_HEADERS,
    session=(
        post("/v1/envs/", an.CREATED, b'{"env_id": "CartPole-v0"}'),
        get("/v1/envs/", an.LISTED),
        get("/v1/envs/{id}/action_space/", an.TWO_ACTIONS),
        get("/v1/envs/{id}/action_space/sample", an.SAMPLED),
        get("/v1/envs/{id}/action_space/contains/1", an.IS_MEMBER),
        get("/v1/envs/{id}/action_space/contains/2", an.IS_NO_MEMBER),
        get("/v1/envs/{id}/observation_space/", an.CARTPOLE_SPACE),
        post("/v1/envs/{id}/observation_space/contains", an.IS_MEMBER, b'{"name": "Box", "shape": [4]}'),
        post(
            "/v1/envs/{id}/monitor/start/",
            an.NOTHING,
            b'{"directory": "tmp", "force": true, "resume": false, "video_callable": false}',
        ),
        post("/v1/envs/{id}/reset/", an.RESET, b"null"),
        post("/v1/envs/{id}/step/", an.STEPPED, b'{"action": 1, "render": true}'),
        post("/v1/envs/{id}/reset/", an.RESET, b"null"),
        post("/v1/envs/{id}/monitor/close/", an.NOTHING, b"null"),
        post("/v1/upload/", an.NOTHING, b'{"training_dir": "tmp", "algorithm_id": null, "api_key": "k"}'),
        post("/v1/upload/", an.Complains("api_key"), b'{"training_dir": "tmp", "algorithm_id": null, "api_key": ""}'),
        post("/v1/envs/{id}/close/", an.NOTHING, b"null"),
        post("/v1/envs/{id}/close/", an.Complains("Instance_id"), b"null"),
        post("/v1/envs/", an.Complains("malformed environment ID"), b'{"env_id": "bad string"}'),
        post("/v1/envs/", an.resolved("FrozenLake-v1"), b'{"env_id": "FrozenLake-v0"}'),
        post("/v1/envs/{id}/reset/", an.Says({"observation": 0}), b"null"),
        post("/v1/envs/{id}/step/", an.stepped(int, {"prob": float}), b'{"action": 0, "render": false}'),
        post("/v1/envs/{id}/close/", an.NOTHING, b"null"),
    ),
)
