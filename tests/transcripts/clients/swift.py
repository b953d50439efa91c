"""Swift: URLSession, kept alive; an empty body that says it is JSON, and a cast for every value that it reads.

Its casts are `as!`: a value of another kind, or null where a member may be absent, ends the program.
"""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

_ANY = (
    "Connection: keep-alive",
    "User-Agent: ExampleAgent (unknown version) CFNetwork/811.4.18 Darwin/16.4.0",
    "Accept-Language: en-us",
    "Accept-Encoding: gzip, deflate",
)

SWIFT = Client(
    name="Swift",
    host="127.0.0.1",
    get=("Accept: */*", *_ANY),
    post=("Content-Type: application/json", "Accept: application/json", *_ANY),
    session=(
        post("/v1/envs/", an.CREATED, b'{"env_id":"CartPole-v0"}'),
        get("/v1/envs/", an.LISTED),
        get("/v1/envs/{id}/action_space/", an.TWO_ACTIONS),
        get("/v1/envs/{id}/observation_space/", an.CARTPOLE_SPACE),
        get("/v1/envs/{id}/action_space/sample", an.SAMPLED),
        get("/v1/envs/{id}/action_space/contains/1", an.IS_MEMBER),
        post("/v1/envs/{id}/observation_space/contains", an.IS_MEMBER, b'{"name":"Box","shape":[4]}'),
        post(
            "/v1/envs/{id}/monitor/start/",
            an.NOTHING,
            b'{"directory":"/tmp/swift-gym-agent","force":true,"resume":false,"video_callable":false}',
        ),
        post("/v1/envs/{id}/reset/", an.RESET, b""),
        post("/v1/envs/{id}/step/", an.STEPPED, b'{"action":1,"render":false}'),
        post("/v1/envs/{id}/reset/", an.RESET, b""),
        post("/v1/envs/{id}/monitor/close/", an.NOTHING, b""),
        post("/v1/envs/{id}/close/", an.NOTHING, b""),
        post("/v1/upload/", an.NOTHING, b'{"training_dir":"/tmp/swift-gym-agent","api_key":"k"}'),
        post("/v1/envs/", an.resolved("FrozenLake-v1"), b'{"env_id":"FrozenLake-v0"}'),
        get("/v1/envs/{id}/observation_space/", an.Says({"info": {"name": "Discrete", "n": 16}})),
        post("/v1/envs/{id}/close/", an.NOTHING, b""),
    ),
)
