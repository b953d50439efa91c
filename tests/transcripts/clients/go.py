"""Go: net/http, kept alive, gzip; `{}` where it has nothing to say, and any text under `message` is an error to it."""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

PONG_SEEN = [[[int] * 3] * 160] * 210
PONG_SPACE = an.Says(
    {"info": {"name": "Box", "shape": [210, 160, 3], "low": [0.0] * 100_800, "high": [255.0] * 100_800}}
)

GO = Client(
    name="Go",
    host="localhost",
    get=("User-Agent: Go-http-client/1.1", "Accept-Encoding: gzip"),
    post=("User-Agent: Go-http-client/1.1", "Content-Type: application/json", "Accept-Encoding: gzip"),
    session=(
        post("/v1/envs/", an.CREATED, b'{"env_id":"CartPole-v0"}'),
        get("/v1/envs/", an.LISTED),
        get("/v1/envs/{id}/action_space/", an.TWO_ACTIONS),
        get("/v1/envs/{id}/observation_space/", an.CARTPOLE_SPACE),
        get("/v1/envs/{id}/action_space/sample", an.SAMPLED),
        get("/v1/envs/{id}/action_space/contains/0", an.IS_MEMBER),
        post(
            "/v1/envs/{id}/monitor/start/",
            an.NOTHING,
            b'{"directory":"/tmp/cartpole-monitor","force":false,"resume":false,"video_callable":false}',
        ),
        post("/v1/envs/{id}/reset/", an.RESET, b"{}"),
        post("/v1/envs/{id}/step/", an.STEPPED, b'{"action":1,"render":false}'),
        post("/v1/envs/{id}/reset/", an.RESET, b"{}"),
        post("/v1/envs/{id}/monitor/close/", an.NOTHING, b"{}"),
        post("/v1/upload/", an.NOTHING, b'{"api_key":"k","training_dir":"/tmp/cartpole-monitor"}'),
        post("/v1/envs/{id}/close/", an.NOTHING, b"{}"),
        post("/v1/envs/", an.CREATED, b'{"env_id":"Pong-v0"}'),
        get("/v1/envs/{id}/observation_space/", PONG_SPACE),
        post("/v1/envs/{id}/reset/", an.Says({"observation": PONG_SEEN}), b"{}"),
        post("/v1/envs/{id}/close/", an.NOTHING, b"{}"),
        post("/v1/envs/{id}/reset/", an.Complains("Instance_id"), b"{}"),
    ),
)
