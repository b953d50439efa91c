"""Haskell: servant, kept alive, no slash at the end of anything; reads four answers only if they are typed as HTML."""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

_ANY = ("Accept-Encoding: gzip",)
_JSON = ("Accept: application/json;charset=utf-8,application/json",)
_HTML = ("Accept: text/html;charset=utf-8",)
_SENDS_JSON = ("Content-Type: application/json;charset=utf-8",)

HASKELL = Client(
    name="Haskell",
    host="localhost",
    get=(*_ANY, *_JSON),
    post=(*_ANY, *_JSON, *_SENDS_JSON),
    bare=(*_ANY, *_JSON),
    session=(
        post("/v1/envs", an.CREATED, b'{"env_id":"CartPole-v0"}'),
        get("/v1/envs", an.LISTED),
        post(
            "/v1/envs/{id}/monitor/start",
            an.NOTHING,
            b'{"directory":"/tmp/random-agent-results","force":true,"resume":false,"video_callable":true}',
            (*_ANY, *_HTML, *_SENDS_JSON),
        ),
        post("/v1/envs/{id}/reset", an.RESET, b""),
        get("/v1/envs/{id}/action_space/sample", an.SAMPLED),
        post("/v1/envs/{id}/step", an.STEPPED, b'{"action":1,"render":true}'),
        post("/v1/envs/{id}/reset", an.RESET, b""),
        post("/v1/envs/{id}/monitor/close", an.NOTHING, b"", (*_ANY, *_HTML)),
        get("/v1/envs/{id}/action_space", an.TWO_ACTIONS),
        get("/v1/envs/{id}/action_space/contains/0", an.IS_MEMBER),
        get("/v1/envs/{id}/observation_space", an.CARTPOLE_SPACE),
        post(
            "/v1/upload",
            an.NOTHING,
            b'{"training_dir":"/tmp/random-agent-results","algorithm_id":"algo","api_key":"k"}',
            (*_ANY, *_HTML, *_SENDS_JSON),
        ),
        post("/v1/envs/{id}/close", an.NOTHING, b"", (*_ANY, *_HTML)),
    ),
)
