"""Clojure: clj-http, a connection for each request; an empty body that says it is JSON, and a field with a hyphen."""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

_ANY = ("Connection: close", "Accept-Encoding: gzip, deflate", "User-Agent: Apache-HttpClient/4.5.2 (Java/1.8.0)")

CLOJURE = Client(
    name="Clojure",
    host="127.0.0.1",
    get=_ANY,
    post=(*_ANY, "Content-Type: application/json"),
    keeps_alive=False,
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
            b'{"directory":"/tmp/random-agent-results","force":true,"resume":false,"video-callable":false}',
        ),
        post("/v1/envs/{id}/reset/", an.RESET, b""),
        post("/v1/envs/{id}/step/", an.STEPPED, b'{"action":1,"render":true}'),
        post("/v1/envs/{id}/reset/", an.RESET, b""),
        post("/v1/envs/{id}/monitor/close/", an.NOTHING, b""),
        post("/v1/upload/", an.NOTHING, b'{"training_dir":"/tmp/random-agent-results","api_key":"k"}'),
        post("/v1/envs/{id}/close/", an.NOTHING, b""),
    ),
)
