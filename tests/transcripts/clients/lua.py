"""Lua: LuaSocket, a connection for each request, `""` where it has nothing to say; its booleans are strings.

Its example asks for the action space of "CartPole-v0", the environment's id in place of the instance's.
"""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

_ANY = ("User-Agent: LuaSocket 3.0-rc1", "TE: trailers", "Connection: close, TE")

LUA = Client(
    name="Lua",
    host="127.0.0.1",
    get=_ANY,
    post=(*_ANY, "Content-Type: application/json"),
    keeps_alive=False,
    session=(
        post("/v1/envs/", an.CREATED, b'{"env_id":"CartPole-v0"}'),
        get("/v1/envs/", an.LISTED),
        get("/v1/envs/{id}/action_space/", an.TWO_ACTIONS),
        get("/v1/envs/CartPole-v0/action_space/", an.Complains("Instance_id")),
        get("/v1/envs/{id}/observation_space/", an.CARTPOLE_SPACE),
        post(
            "/v1/envs/{id}/monitor/start/",
            an.NOTHING,
            b'{"resume":"false","directory":"/tmp/random-agent-results","force":"true"}',
        ),
        post("/v1/envs/{id}/reset/", an.RESET, b'""'),
        post("/v1/envs/{id}/step/", an.STEPPED, b'{"video_callable":false,"render":true,"action":1}'),
        post("/v1/envs/{id}/reset/", an.RESET, b'""'),
        post("/v1/envs/{id}/monitor/close/", an.NOTHING, b'""'),
        post(
            "/v1/upload/",
            an.NOTHING,
            b'{"algorithm_id":"","training_dir":"/tmp/random-agent-results","api_key":"k"}',
        ),
        post("/v1/envs/{id}/close/", an.NOTHING, b'""'),
        post("/v1/envs/", an.resolved("Pendulum-v1"), b'{"env_id":"Pendulum-v0"}'),
        post("/v1/envs/{id}/reset/", an.Says({"observation": an.PENDULUM_SEEN}), b'""'),
        post("/v1/envs/{id}/step/", an.stepped(an.PENDULUM_SEEN), b'{"action":[1.2345678901235],"render":false}'),
        post("/v1/envs/{id}/close/", an.NOTHING, b'""'),
    ),
)
