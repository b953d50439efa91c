"""MATLAB: webread and webwrite, never compressed; says JSON on a GET too, and `[]` where it has nothing to say.

A list of one number is a number to it, and comes back as one.
"""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

_HEADERS = ("User-Agent: MATLAB 9.1.0.441655 (R2016b)", "Content-Type: application/json", "Connection: keep-alive")

MATLAB = Client(
    name="MATLAB",
    host="127.0.0.1",
    get=_HEADERS,
    post=_HEADERS,
    session=(
        post("/v1/envs/", an.CREATED, b'{"env_id":"CartPole-v0"}'),
        get("/v1/envs/", an.LISTED),
        get("/v1/envs/{id}/action_space/", an.TWO_ACTIONS),
        get("/v1/envs/{id}/observation_space/", an.CARTPOLE_SPACE),
        post(
            "/v1/envs/{id}/monitor/start/",
            an.NOTHING,
            b'{"directory":"/tmp/random-agent-results","force":true,"resume":false}',
        ),
        post("/v1/envs/{id}/reset/", an.RESET, b"[]"),
        get("/v1/envs/{id}/action_space/sample", an.SAMPLED),
        get("/v1/envs/{id}/action_space/contains/1", an.IS_MEMBER),
        post("/v1/envs/{id}/step/", an.STEPPED, b'{"action":1,"render":true}'),
        post("/v1/envs/{id}/reset/", an.RESET, b"[]"),
        post("/v1/envs/{id}/monitor/close/", an.NOTHING, b"[]"),
        post(
            "/v1/upload/",
            an.NOTHING,
            b'{"training_dir":"/tmp/random-agent-results","algorithm_id":"","api_key":"k"}',
        ),
        post("/v1/envs/", an.resolved("Pendulum-v1"), b'{"env_id":"Pendulum-v0"}'),
        post("/v1/envs/{id}/reset/", an.Says({"observation": an.PENDULUM_SEEN}), b"[]"),
        get("/v1/envs/{id}/action_space/sample", an.Says({"action": [float]})),
        post("/v1/envs/{id}/step/", an.stepped(an.PENDULUM_SEEN), b'{"action":-0.028327351,"render":false}'),
        post("/v1/envs/{id}/step/", an.Complains("action"), b'{"action":[],"render":false}'),
    ),
)
