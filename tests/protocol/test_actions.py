"""Actions: what a client sends for a member of a space, and what reaches the environment."""

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from protocol.actions import read_member
from protocol.errors import InvalidAction
from protocol.messages import Format, Style
from protocol.values import read, write
from tests.protocol.space_strategies import DERANDOMISED, all_spaces, altered

STYLES: tuple[tuple[Style, Format], ...] = (("json", "json"), ("msgpack", "msgpack"), ("json_base64", "json"))


def assert_same(ours: Any, theirs: Any) -> None:
    """The same type, dtype, shape and bits, all the way down.

    Where a Box has no dimensions Gymnasium samples now an array, now a scalar; we always read an array.
    """
    if isinstance(ours, np.ndarray) and ours.ndim == 0:
        theirs = np.asarray(theirs)
    assert type(ours) is type(theirs)
    if isinstance(ours, np.ndarray | np.generic):
        assert (ours.dtype, ours.shape, ours.tobytes()) == (theirs.dtype, theirs.shape, theirs.tobytes())
    elif isinstance(ours, dict):
        assert list(ours) == list(theirs)
        for key in ours:
            assert_same(ours[key], theirs[key])
    elif isinstance(ours, tuple):
        assert len(ours) == len(theirs)
        for our, their in zip(ours, theirs, strict=True):
            assert_same(our, their)
    else:
        assert ours == theirs


@pytest.mark.parametrize(("style", "sent"), STYLES)
@DERANDOMISED
@given(space=all_spaces, seed=st.integers(0, 2**31))
def test_a_sample_comes_back_as_it_was(space: spaces.Space[Any], seed: int, style: Style, sent: Format) -> None:
    """Written in any style and read as an action, it is what the environment would get in one's own process."""
    space.seed(seed)
    sample = space.sample()
    assert_same(read_member(space, read(write(sample, style), sent), "$.action"), sample)


@pytest.mark.parametrize(("style", "sent"), STYLES)
@DERANDOMISED
@given(space=all_spaces, seed=st.integers(0, 2**31), data=st.data())
def test_what_is_accepted_is_in_the_space(
    space: spaces.Space[Any], seed: int, data: st.DataObject, style: Style, sent: Format
) -> None:
    """Whatever a client sends is either refused with its place, or a member in Gymnasium's own eyes."""
    space.seed(seed)
    value = data.draw(altered(read(write(space.sample(), style), sent)))
    try:
        member = read_member(space, value, "$.action")
    except InvalidAction as refusal:
        fault = refusal.errors[0]
        is_placed = fault.path.startswith("$.action") and refusal.detail == f"{fault.path}: {fault.message}"
    else:
        is_placed = False
    assert is_placed or space.contains(member)
