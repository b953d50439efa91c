"""JavaScript: axios on Node; says that it sends a form where it sends nothing, and leaves the slash off some paths."""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

_ANY = ("Accept: application/json, text/plain, */*", "User-Agent: axios/0.13.1", "Connection: keep-alive")

JAVASCRIPT = Client(
    name="JavaScript",
    host="127.0.0.1",
    get=_ANY,
    post=("Content-Type: application/json;charset=utf-8", *_ANY),
    bare=("Content-Type: application/x-www-form-urlencoded", *_ANY),
    session=(
        post("/v1/envs/", an.CREATED, b'{"env_id":"CartPole-v0"}'),
        get("/v1/envs/", an.LISTED),
        get("/v1/envs/{id}/action_space", an.TWO_ACTIONS),
        get("/v1/envs/{id}/observation_space", an.CARTPOLE_SPACE),
        post(
            "/v1/envs/{id}/monitor/start/",
            an.NOTHING,
            b'{"directory":"/tmp/random-agent-results","force":true,"resume":false}',
        ),
        post("/v1/envs/{id}/reset", an.RESET, b""),
        post("/v1/envs/{id}/step", an.STEPPED, b'{"action":0,"render":true}'),
        post("/v1/envs/{id}/reset", an.RESET, b""),
        post("/v1/envs/{id}/monitor/close/", an.NOTHING, b""),
        post("/v1/upload/", an.NOTHING, b'{"training_dir":"/tmp/random-agent-results","api_key":"k"}'),
        post("/v1/upload/", an.Complains("api_key"), b'{"training_dir":"/tmp/random-agent-results"}'),
        post("/v1/envs/{id}/close/", an.NOTHING, b""),
    ),
)
