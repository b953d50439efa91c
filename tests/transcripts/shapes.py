"""What an answer has to look like: its status, its type to the letter, and each value of its JSON by its kind.

A shape is written as the JSON that it stands for: a Python type stands for any value of exactly that kind (a bool is
no int, 1.0 is no int, 1 is no float), an object has these members and no others, anything else stands for itself.
"""

from typing import Any, NamedTuple

from tests.transcripts.wire import Answer

JSON = "application/json"
HTML = "text/html; charset=utf-8"
_SMALL_BYTES = 16_384


class Says(NamedTuple):
    """An answer with a body in JSON."""

    shape: Any
    status: int = 200

    def check(self, answer: Answer) -> None:
        """The answer is just so, and has come in one piece."""
        _check_head(answer, self.status, JSON)
        check(answer.json, self.shape)


class SaysNothing(NamedTuple):
    """204, which has a type all the same: the client in Haskell reads it."""

    def check(self, answer: Answer) -> None:
        """As `Says.check`."""
        _check_head(answer, 204, HTML)
        assert answer.body == b""


class Complains(NamedTuple):
    """400 and why, under the keys of both ancestors; the text has this in it."""

    text: str

    def check(self, answer: Answer) -> None:
        """As `Says.check`."""
        _check_head(answer, 400, JSON)
        check(answer.json, {"message": str, "error": str})
        assert self.text in answer.json["message"]
        assert answer.json["message"] == answer.json["error"]


Expected = Says | SaysNothing | Complains


class Each(NamedTuple):
    """An object or list of any length whose values all have this shape."""

    shape: Any


def _check_head(answer: Answer, status: int, content_type: str) -> None:
    assert answer.status == status, answer
    assert answer.content_type == content_type
    assert "location" not in answer.headers
    assert answer.reads <= 1 or len(answer.body) > _SMALL_BYTES, "head and body came apart"


def check(value: Any, shape: Any, path: str = "$") -> None:
    """The value has the shape; if not, the error says where."""
    if isinstance(shape, Each):
        assert isinstance(value, dict | list), path
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            check(part, shape.shape, f"{path}.{name}")
    elif isinstance(shape, dict):
        assert isinstance(value, dict), f"{path}: {value!r}"
        assert set(value) == set(shape), f"{path}: {value!r}"
        for name, part in shape.items():
            check(value[name], part, f"{path}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), f"{path}: {value!r}"
        assert len(value) == len(shape), f"{path}: {value!r}"
        for index, part in enumerate(shape):
            check(value[index], part, f"{path}[{index}]")
    elif isinstance(shape, type):
        assert type(value) is shape, f"{path}: {value!r} is no {shape.__name__}"
    else:
        assert (type(value), value) == (type(shape), shape), path


CARTPOLE_SEEN = [float] * 4
CARTPOLE_LOW = [-4.800000190734863, -1e100, -0.41887903213500977, -1e100]
CARTPOLE_HIGH = [4.800000190734863, 1e100, 0.41887903213500977, 1e100]
PENDULUM_SEEN = [float] * 3

CREATED = Says({"instance_id": str})
LISTED = Says({"all_envs": Each(str)})
TWO_ACTIONS = Says({"info": {"name": "Discrete", "n": 2}})
CARTPOLE_SPACE = Says({"info": {"name": "Box", "shape": [4], "low": CARTPOLE_LOW, "high": CARTPOLE_HIGH}})
SAMPLED = Says({"action": int})
IS_MEMBER = Says({"member": True})
IS_NO_MEMBER = Says({"member": False})
RESET = Says({"observation": CARTPOLE_SEEN})
NOTHING = SaysNothing()


def resolved(env_id: str) -> Says:
    """The id of an instance, and what the environment is called now."""
    return Says({"instance_id": str, "resolved_environment": env_id})


def stepped(observation: Any, info: Any = None) -> Says:
    """A step's answer: the four fields of 2016, and the two that `done` is made of; no picture is spoken of."""
    return Says(
        {
            "observation": observation,
            "reward": float,
            "done": bool,
            "info": info or {},
            "terminated": bool,
            "truncated": bool,
        }
    )


STEPPED = stepped(CARTPOLE_SEEN)
