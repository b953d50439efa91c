"""Rust: kept alive, never compressed, `null` where it has nothing to say; reads both spaces before anything else."""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

_PENDULUM_SEES = {"name": "Box", "shape": [3], "low": [-1.0, -1.0, -8.0], "high": [1.0, 1.0, 8.0]}
_PENDULUM_ACTS = {"name": "Box", "shape": [1], "low": [-2.0], "high": [2.0]}

RUST = Client(
    name="Rust",
    host="localhost",
    get=("Accept: */*",),
    post=("Accept: */*", "Content-Type: application/json"),
    session=(
        post("/v1/envs/", an.CREATED, b'{"env_id":"CartPole-v0"}'),
        get("/v1/envs/{id}/observation_space/", an.CARTPOLE_SPACE),
        get("/v1/envs/{id}/action_space/", an.TWO_ACTIONS),
        post(
            "/v1/envs/{id}/monitor/start/",
            an.NOTHING,
            b'{"directory":"/tmp/random-agent-results","force":true,"resume":false}',
        ),
        post("/v1/envs/{id}/reset/", an.RESET, b"null"),
        post("/v1/envs/{id}/step/", an.STEPPED, b'{"action":0,"render":true}'),
        post("/v1/envs/{id}/reset/", an.RESET, b"null"),
        post("/v1/envs/{id}/monitor/close/", an.NOTHING, b"null"),
        post(
            "/v1/upload/",
            an.NOTHING,
            b'{"algorithm_id":null,"api_key":"k","training_dir":"/tmp/random-agent-results"}',
        ),
        post("/v1/envs/{id}/close/", an.NOTHING, b"null"),
        post("/v1/envs/", an.resolved("Pendulum-v1"), b'{"env_id":"Pendulum-v0"}'),
        get("/v1/envs/{id}/observation_space/", an.Says({"info": _PENDULUM_SEES})),
        get("/v1/envs/{id}/action_space/", an.Says({"info": _PENDULUM_ACTS})),
        post("/v1/envs/{id}/reset/", an.Says({"observation": an.PENDULUM_SEEN}), b"null"),
        post("/v1/envs/{id}/step/", an.stepped(an.PENDULUM_SEEN), b'{"action":[-1.25],"render":true}'),
        post("/v1/envs/{id}/close/", an.NOTHING, b"null"),
        post("/v1/envs/", an.Complains("NoSuchThing-v0"), b'{"env_id":"NoSuchThing-v0"}'),
    ),
)
