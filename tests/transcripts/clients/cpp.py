"""C++: libcurl, one handle, never compressed; wants 200 and an object, asks for the spaces without the last slash.

To its own `monitor_start` and `monitor_stop` no server has ever answered what it wants: 204 makes them throw.
"""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

_POST = ("Accept: */*", "Content-Type: application/json")

CPP = Client(
    name="C++",
    host="127.0.0.1",
    get=("Accept: */*",),
    post=_POST,
    session=(
        post("/v1/envs/", an.CREATED, b'{\n   "env_id" : "CartPole-v0"\n}\n'),
        get("/v1/envs/{id}/action_space", an.TWO_ACTIONS),
        get("/v1/envs/{id}/observation_space", an.CARTPOLE_SPACE),
        post("/v1/envs/{id}/reset/", an.RESET, b""),
        post("/v1/envs/{id}/step/", an.STEPPED, b'{\n   "action" : 1,\n   "render" : true\n}\n'),
        post(
            "/v1/envs/{id}/monitor/start/",
            an.NOTHING,
            b'{\n   "directory" : "/tmp/cpp",\n   "force" : true,\n   "resume" : false\n}\n',
        ),
        post("/v1/envs/{id}/monitor/close/", an.NOTHING, b""),
        post("/v1/envs/", an.resolved("Pendulum-v1"), b'{\n   "env_id" : "Pendulum-v0"\n}\n'),
        post("/v1/envs/{id}/reset/", an.Says({"observation": an.PENDULUM_SEEN}), b""),
        post(
            "/v1/envs/{id}/step/",
            an.stepped(an.PENDULUM_SEEN),
            b'{\n   "action" : [ 0.89999997615814209 ],\n   "render" : true\n}\n',
        ),
        post("/v1/envs/{id}/step/", an.Complains("action"), b'{\n   "render" : true\n}\n'),
    ),
)
