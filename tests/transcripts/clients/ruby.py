"""Ruby: Net::HTTP, a connection for each request, `""` where it has nothing to say; raises at the first 400.

Its example uploads with the key that its README prints, so that key has to do.
"""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

_ANY = (
    "Accept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3",
    "Accept: */*",
    "User-Agent: Ruby",
    "Connection: close",
)

RUBY = Client(
    name="Ruby",
    host="127.0.0.1",
    get=_ANY,
    post=("Content-Type: application/json", *_ANY),
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
            b'{"directory":"/tmp/random-agent-results","force":true,"resume":false,"video_callable":false}',
        ),
        post("/v1/envs/{id}/reset/", an.RESET, b'""'),
        post("/v1/envs/{id}/step/", an.STEPPED, b'{"action":1,"render":true}'),
        post("/v1/envs/{id}/reset/", an.RESET, b'""'),
        post("/v1/envs/{id}/monitor/close/", an.NOTHING, b'""'),
        post(
            "/v1/upload/",
            an.NOTHING,
            b'{"training_dir":"/tmp/random-agent-results","algorithm_id":"","api_key":"YOUR_API_KEY"}',
        ),
        post("/v1/envs/{id}/close/", an.NOTHING, b'""'),
    ),
)
