"""R: httr, kept alive; sends no type where it sends nothing, and a slash behind the action in `contains/<x>/`.

Its NULL, where it is the value of a member, is `{}` in JSON.
"""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

_ANY = (
    "User-Agent: libcurl/8.5.0 r-curl/5.2.0 httr/1.4.7",
    "Accept-Encoding: deflate, gzip, br, zstd",
    "Accept: application/json, text/xml, application/xml, */*",
)

R = Client(
    name="R",
    host="127.0.0.1",
    get=_ANY,
    post=(*_ANY, "Content-Type: application/json"),
    bare=_ANY,
    session=(
        post("/v1/envs/", an.CREATED, b'{"env_id":"CartPole-v0"}'),
        get("/v1/envs/", an.LISTED),
        get("/v1/envs/{id}/action_space/", an.TWO_ACTIONS),
        post(
            "/v1/envs/{id}/monitor/start/",
            an.NOTHING,
            b'{"directory":"/tmp/random-agent-results","force":true,"resume":false}',
        ),
        post("/v1/envs/{id}/reset/", an.RESET, b""),
        get("/v1/envs/{id}/action_space/sample", an.SAMPLED),
        get("/v1/envs/{id}/action_space/contains/1/", an.IS_MEMBER),
        get("/v1/envs/{id}/observation_space/", an.CARTPOLE_SPACE),
        post("/v1/envs/{id}/step/", an.STEPPED, b'{"instance_id":"{id}","action":1,"render":true}'),
        post("/v1/envs/{id}/reset/", an.RESET, b""),
        post("/v1/envs/{id}/monitor/close/", an.NOTHING, b""),
        post(
            "/v1/upload/",
            an.NOTHING,
            b'{"training_dir":"/tmp/random-agent-results","algorithm_id":{},"api_key":"k"}',
        ),
        post("/v1/envs/{id}/close/", an.NOTHING, b""),
    ),
)
