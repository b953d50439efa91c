"""Session: one environment, driven in the test's own process and compared with the same one stepped by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import msgpack
import numpy as np
import pytest

import tests.envs  # noqa: F401 - importing it registers the environments
from protocol.errors import (
    InvalidAction,
    InvalidField,
    ResetNeeded,
    UnknownEnvironment,
)
from protocol.messages import Close, Describe, Done, Drawn, Failed, Fragment, Make, Reset, Step, Style
from worker.serve import handle
from worker.session import Session

NewSession = Callable[..., Session]


@pytest.fixture
def new_session(tmp_path: Path) -> NewSession:
    """Builds a session of an environment, in a folder of its own."""
    (tmp_path / "rendered").mkdir()
    (tmp_path / "simulation").mkdir()

    def build(env_id: str, **fields: Any) -> Session:
        session = Session(tmp_path)
        session.make(Make(env_id, **fields))
        return session

    return build


def steps(*actions: Any, writes: Style = "json", **fields: Any) -> Step:
    """The command that takes these actions."""
    return Step(tuple(json.dumps(action).encode() for action in actions), reads="json", writes=writes, **fields)


def test_make_tells_the_id_and_both_spaces(tmp_path: Path) -> None:
    """What the gateway needs of an environment that it cannot import."""
    (tmp_path / "rendered").mkdir()
    made = Session(tmp_path).make(Make("CartPole-v1"))
    assert made.env_id == "CartPole-v1"
    assert json.loads(made.action_space) == {"type": "Discrete", "n": 2, "start": 0, "dtype": "int64"}
    assert json.loads(made.observation_space)["shape"] == [4]
    assert made.render_mode is None
    assert made.render_fps == 50
    assert made.reward_threshold == 475


def test_a_drawable_render_mode_is_picked_where_the_dialect_has_no_word_for_it(tmp_path: Path) -> None:
    """`rgb_array` comes before `ansi`, and `human` never comes."""
    (tmp_path / "rendered").mkdir()
    assert Session(tmp_path).make(Make("FrozenLake-v1", picks_render_mode=True)).render_mode == "rgb_array"


@pytest.mark.parametrize("mode", ["human", "hologram", ""])
def test_a_render_mode_that_yields_no_picture_is_refused(new_session: NewSession, mode: str) -> None:
    """The error names those that would."""
    with pytest.raises(InvalidField, match="rgb_array") as caught:
        new_session("CartPole-v1", render_mode=mode)
    assert caught.value.errors[0].path == "$.render_mode"


def test_an_id_of_the_past_becomes_the_newest_version_where_the_dialect_allows_it(tmp_path: Path) -> None:
    """FrozenLake-v0 has been FrozenLake-v1 for years."""
    (tmp_path / "rendered").mkdir()
    assert Session(tmp_path).make(Make("FrozenLake-v0", allows_past_ids=True)).env_id == "FrozenLake-v1"


def test_an_id_of_the_past_is_unknown_elsewhere(new_session: NewSession) -> None:
    """The native API never gives another environment than the one asked for, but it names it."""
    with pytest.raises(UnknownEnvironment, match="Did you mean 'FrozenLake-v1'"):
        new_session("FrozenLake-v0")


@pytest.mark.parametrize(
    ("env_id", "message"),
    [
        ("CartPoll-v1", "Did you mean 'CartPole-v1'"),
        ("os:CartPole-v1", "names a module to import"),
        (":CartPole-v1", "names a module to import"),
        ("Cart Pole!", "Attempted to look up malformed environment ID 'Cart Pole!'"),
        ("", "Attempted to look up malformed environment ID ''"),
    ],
)
def test_an_id_that_names_no_environment_is_refused(new_session: NewSession, env_id: str, message: str) -> None:
    """Unknown, malformed, or one that Gymnasium would import a module for."""
    with pytest.raises(UnknownEnvironment, match=message):
        new_session(env_id, allows_past_ids=True)


@pytest.mark.parametrize("seed", [0, 7, None])
def test_a_seeded_reset_is_the_reset_of_the_local_environment(new_session: NewSession, seed: int | None) -> None:
    """Seed 0 is a seed."""
    env = gymnasium.make("CartPole-v1")
    expected, _ = env.reset(seed=seed)
    observed = json.loads(new_session("CartPole-v1").reset(Reset("json", seed=seed)).observation)
    env.close()
    assert np.array_equal(np.array(observed, np.float32), expected) == (seed is not None)


@pytest.mark.parametrize("writes", ["json", "v1", "msgpack"])
def test_an_episode_is_that_of_the_local_environment(new_session: NewSession, writes: Style) -> None:
    """Observation, reward and both flags, bit for bit, to the end of the episode."""
    env = gymnasium.make("CartPole-v1")
    env.reset(seed=1)
    session = new_session("CartPole-v1")
    session.reset(Reset(writes, seed=1))
    ended = False
    while not ended:
        observation, reward, terminated, truncated, _ = env.step(1)
        (taken,) = session.step(steps(1, writes=writes)).transitions
        assert (taken.reward, taken.terminated, taken.truncated) == (reward, terminated, truncated)
        assert _array(taken.observation, writes).tobytes() == observation.tobytes()
        ended = terminated or truncated
    env.close()


def _array(data: bytes, style: Style) -> Any:
    if style != "msgpack":
        return np.array(json.loads(data), np.float32)
    dtype, shape, content = msgpack.unpackb(msgpack.unpackb(data).data)
    return np.frombuffer(content, dtype).reshape(shape)


def test_several_actions_stop_after_the_one_that_ends_the_episode(new_session: NewSession) -> None:
    """CartPole pushed one way falls within a dozen steps."""
    session = new_session("CartPole-v1")
    session.reset(Reset("json", seed=1))
    taken = session.step(steps(*[1] * 100)).transitions
    assert len(taken) < 15
    assert [transition.terminated for transition in taken] == [False] * (len(taken) - 1) + [True]


def test_none_of_several_actions_is_taken_where_one_is_wrong(new_session: NewSession) -> None:
    """The environment is where it was, as the next step shows."""
    env = gymnasium.make("CartPole-v1")
    env.reset(seed=1)
    session = new_session("CartPole-v1")
    session.reset(Reset("json", seed=1))
    with pytest.raises(InvalidAction):
        session.step(steps(0, 0, 2))
    (taken,) = session.step(steps(0)).transitions
    assert np.array_equal(_array(taken.observation, "json"), env.step(0)[0])
    env.close()


def test_a_step_before_the_first_reset_is_refused(new_session: NewSession) -> None:
    """Also where steps may go beyond an episode's end."""
    session = new_session("CartPole-v1")
    for is_lenient in (False, True):
        with pytest.raises(ResetNeeded, match="no episode has begun"):
            session.step(steps(0, is_lenient=is_lenient))


def test_a_step_beyond_the_end_needs_a_reset_or_leniency(new_session: NewSession) -> None:
    """The clients of 2016 stepped on; later ones are told."""
    session = new_session("FrozenLake-v1")
    session.reset(Reset("json", seed=0))
    while not (taken := session.step(steps(2)).transitions[0]).terminated:
        pass
    with pytest.raises(ResetNeeded, match="the episode has ended"):
        session.step(steps(2))
    beyond = session.step(steps(2, is_lenient=True)).transitions[0]
    assert (beyond.observation, beyond.terminated) == (taken.observation, True)


def test_a_bare_number_is_an_action_of_one_element_only_for_lenient_clients(new_session: NewSession) -> None:
    """Some languages have no list of one element; the native API insists on the shape."""
    session = new_session("Pendulum-v1")
    session.reset(Reset("json", seed=0))
    assert session.step(steps(0.5, is_lenient=True)).transitions
    assert session.step(steps([0.5])).transitions
    with pytest.raises(InvalidAction, match="expected a list of 1"):
        session.step(steps(0.5))


def test_options_must_be_an_object(new_session: NewSession) -> None:
    """And reach the environment where they are one: CartPole takes the bounds of its first state."""
    session = new_session("CartPole-v1")
    with pytest.raises(InvalidField, match=r"\$\.options: must be an object"):
        session.reset(Reset("json", options=b"[1]"))
    observed = session.reset(Reset("json", options=b'{"low": 0.01, "high": 0.01}'))
    assert json.loads(observed.observation) == pytest.approx([0.01] * 4)


def test_the_seeds_info_has_bare_infinities(new_session: NewSession) -> None:
    """The one place where the contract leaves JSON."""
    text = new_session("CartPole-v1").describe(Describe("seed_info")).body.decode()
    assert '"action_space": "Discrete(2)"' in text
    assert "-Infinity" in text
    assert json.loads(text)["observation_space"]["high"][0] == 4.8


@pytest.mark.parametrize(("name", "command"), [("Raises", steps(1)), ("RaisesInReset", Reset("json"))])
def test_an_environment_that_raises_is_an_answer_and_no_end(
    new_session: NewSession, name: str, command: Step | Reset
) -> None:
    """The reply carries the exception and the place it came from; the session goes on."""
    session = new_session(f"test/{name}-v0")
    handle(session, Reset("json"))
    failed = handle(session, command)
    assert isinstance(failed, Failed)
    assert failed.code == "environment_error"
    assert "ValueError: " in failed.detail
    assert "envs.py" in failed.detail
    assert isinstance(handle(session, Describe("seed_info")), Fragment)


def test_a_picture_that_fails_leaves_the_step_what_it_is(new_session: NewSession) -> None:
    """The transition is there, and beside it the reason."""
    session = new_session("test/RaisesInRender-v0", render_mode="rgb_array")
    session.reset(Reset("json"))
    stepped = session.step(steps(1, picture="numbered"))
    assert stepped.transitions[0].reward == 0
    assert stepped.drawn == Drawn(error="ValueError: this environment cannot be drawn")


def test_one_of_several_steps_that_raises_fails_them_all(new_session: NewSession) -> None:
    """There is no half of a reply."""
    session = new_session("test/Raises-v0")
    session.reset(Reset("json"))
    assert isinstance(handle(session, steps(0, 1, 0)), Failed)


def test_close_is_an_answer_even_where_nothing_was_made(tmp_path: Path) -> None:
    """An environment that could not be built is closed like any other."""
    assert handle(Session(tmp_path), Close()) == Done()
