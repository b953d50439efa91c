"""Julia: Requests.jl, kept alive; says `{}` where it has nothing to say, on a GET as well."""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

_HEADERS = ("User-Agent: Requests.jl/0.0.0", "Accept: */*", "Content-Type: application/json")

JULIA = Client(
    name="Julia",
    host="127.0.0.1",
    get=_HEADERS,
    post=_HEADERS,
    session=(
        post("/v1/envs/", an.CREATED, b'{"env_id":"CartPole-v0"}'),
        get("/v1/envs/", an.LISTED, b"{}"),
        get("/v1/envs/{id}/action_space/", an.TWO_ACTIONS, b"{}"),
        get("/v1/envs/{id}/action_space/sample", an.SAMPLED, b"{}"),
        get("/v1/envs/{id}/action_space/contains/1", an.IS_MEMBER, b"{}"),
        get("/v1/envs/{id}/observation_space/", an.CARTPOLE_SPACE, b"{}"),
        post(
            "/v1/envs/{id}/monitor/start/",
            an.NOTHING,
            b'{"resume":false,"directory":"/tmp/random-agent-results","force":true}',
        ),
        post("/v1/envs/{id}/reset/", an.RESET, b"{}"),
        post("/v1/envs/{id}/step/", an.STEPPED, b'{"instance_id":"{id}","render":true,"action":1}'),
        post("/v1/envs/{id}/reset/", an.RESET, b"{}"),
        post("/v1/envs/{id}/monitor/close/", an.NOTHING, b"{}"),
        post(
            "/v1/upload/",
            an.NOTHING,
            b'{"training_dir":"/tmp/random-agent-results","algorithm_id":"random","api_key":"k"}',
        ),
        post("/v1/envs/{id}/close/", an.NOTHING, b"{}"),
    ),
)
