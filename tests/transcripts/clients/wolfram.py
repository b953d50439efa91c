"""Wolfram: kept alive; says JSON on a GET too, `{}` where it has nothing to say, and takes no JSON for no error."""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

_HEADERS = (
    "Accept: */*",
    "User-Agent: Mathematica/11.1.0.0.0 PacletManager/11.1.0.0.0",
    "Accept-Encoding: deflate, gzip",
    "Content-Type: application/json",
)

WOLFRAM = Client(
    name="Wolfram",
    host="127.0.0.1",
    get=_HEADERS,
    post=_HEADERS,
    session=(
        post("/v1/envs/", an.CREATED, b'{"env_id":"CartPole-v0"}'),
        get("/v1/envs/", an.LISTED),
        get("/v1/envs/{id}/action_space/", an.TWO_ACTIONS),
        get("/v1/envs/{id}/action_space/sample", an.SAMPLED),
        get("/v1/envs/{id}/action_space/contains/1", an.IS_MEMBER),
        get("/v1/envs/{id}/observation_space/", an.CARTPOLE_SPACE),
        post(
            "/v1/envs/{id}/monitor/start/",
            an.NOTHING,
            b'{"directory":"/tmp/random-agent-results","force":true,"resume":false,"video_callable":false}',
        ),
        post("/v1/envs/{id}/reset/", an.RESET, b"{}"),
        post("/v1/envs/{id}/step/", an.STEPPED, b'{"action":1,"render":true}'),
        post("/v1/envs/{id}/monitor/close/", an.NOTHING, b"{}"),
        post("/v1/envs/{id}/step/", an.Complains("Invalid Action"), b'{"action":7,"render":false}'),
        post("/v1/envs/{id}/close/", an.NOTHING, b"{}"),
    ),
)
