"""scala-gym: akka-http, in its two generations. The first knows one environment, which the operator named in `GYM_ENV`.

It reads `info` as a map of strings. The second creates its own, in the seed's dialect, and reads a flat reset.
"""

from tests.transcripts import shapes as an
from tests.transcripts.script import Client, get, post

_ANY = ("User-Agent: akka-http/2.4.6",)
_FIRST_STEP = {"observation": an.CARTPOLE_SEEN, "reward": float, "done": bool, "info": {}}
_SEES = {"low": [-4.8, -1e100, -0.41887903, -1e100], "high": [4.8, 1e100, 0.41887903, 1e100], "shape": [4]}
_INFO = {"action_space": "Discrete(2)", "observation_space": _SEES}
_DONE = an.Says({"message": True})

SCALA_GYM = Client(
    name="scala-gym",
    host="192.168.99.100",
    get=_ANY,
    post=_ANY,
    session=(
        get("/reset", an.RESET),
        get("/step/1", an.Says(_FIRST_STEP)),
        get("/step/0", an.Says(_FIRST_STEP)),
        get("/info", an.Says(_INFO)),
        get("/", an.Says({"available_commands": an.Each(str)})),
    ),
)

SCALA_GYM_2 = Client(
    name="scala-gym, second generation",
    host="192.168.99.100",
    get=_ANY,
    post=(*_ANY, "Content-Type: application/json"),
    bare=_ANY,
    session=(
        post("/v1/envs/create/", an.Says({"instance_id": str}, 201), b'{"environment":"CartPole-v0"}'),
        post("/v1/envs/{id}/monitor/start/", _DONE, b'{"force":true,"resume":false}'),
        post("/v1/envs/{id}/reset/", an.RESET, b'{"render":false}'),
        post("/v1/envs/{id}/step/", an.STEPPED, b'{"action":1,"render":false}'),
        post(
            "/v1/envs/{id}/reset/",
            an.Says({"observation": an.CARTPOLE_SEEN, "render": "successfully rendered: 1.png"}),
            b'{"render":true}',
        ),
        post("/v1/envs/{id}/monitor/stop/", _DONE, b""),
        post(
            "/v1/envs/{id}/upload/",
            _DONE,
            b'{"algorithm_id":"q","writeup":"","api_key":"k","ignore_open_monitors":false}',
        ),
    ),
)
