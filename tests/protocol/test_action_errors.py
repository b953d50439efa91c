"""What is wrong with an action, and where: in the words of the field, and in as many digits as it takes."""

from typing import Any

import numpy as np
import pytest
from gymnasium import Space, spaces

from protocol.actions import read_member
from protocol.errors import InvalidAction
from protocol.values import read

NAN, INF = float("nan"), float("inf")

DISCRETE = spaces.Discrete(3, start=-1)
BOX = spaces.Box(-1, np.array([1, 2, np.inf], np.float32))
GRID = spaces.Box(0, 255, (2, 2), np.uint8)
PAIR = spaces.MultiDiscrete([3, 5], start=[0, -2])
SWITCHES = spaces.MultiBinary([2, 2])
WORD = spaces.Text(3, min_length=1, charset="ab")
NAMED = spaces.Dict(arm=BOX, hand=spaces.Dict(grip=DISCRETE))
BOTH = spaces.Tuple([DISCRETE, spaces.Tuple([WORD])])
SOME = spaces.Sequence(BOX)
STACKED = spaces.Sequence(spaces.Dict(a=DISCRETE, b=spaces.Tuple([PAIR, WORD])), stack=True)
GRAPH = spaces.Graph(spaces.Box(0, 1, (1,)), DISCRETE)
BARE_GRAPH = spaces.Graph(DISCRETE, None)
EITHER = spaces.OneOf([DISCRETE, BOX])


class Even(Space[int]):
    """A space of an environment's own."""

    def contains(self, x: Any) -> bool:
        return isinstance(x, int) and x % 2 == 0


def f4(*numbers: float) -> np.ndarray[Any, Any]:
    """An array as it comes in MessagePack."""
    return np.array(numbers, "<f4")


FAULTS: list[tuple[Space[Any], Any, str]] = [
    (DISCRETE, 2, "$.action: 2 is not one of -1 to 1"),
    (DISCRETE, -2, "$.action: -2 is not one of -1 to 1"),
    (DISCRETE, 2**64 - 1, "$.action: 18446744073709551615 is not one of -1 to 1"),
    (DISCRETE, 0.5, "$.action: expected an integer, got a number 0.5"),
    (DISCRETE, INF, "$.action: expected an integer, got a number inf"),
    (DISCRETE, True, "$.action: expected an integer, got a boolean"),
    (DISCRETE, None, "$.action: expected an integer, got null"),
    (DISCRETE, "1", "$.action: expected an integer, got a string '1'"),
    (DISCRETE, "1" * 50, "$.action: expected an integer, got a string"),
    (DISCRETE, [0], "$.action: expected an integer, got a list"),
    (DISCRETE, {}, "$.action: expected an integer, got an object"),
    (DISCRETE, b"1", "$.action: expected an integer, got bytes"),
    (DISCRETE, f4(0), "$.action: expected an integer, got an array of shape [1]"),
    (DISCRETE, np.array(True), "$.action: expected an integer, got a boolean"),
    (spaces.Discrete(2, start=2**62), 2.0**62, "$.action: expected an integer, got a number 4.611686018427388e+18"),
    (BOX, [0, 0, 0, 0], "$.action: expected 3 values, got 4"),
    (BOX, 0.5, "$.action: expected a list of 3, got a number"),
    (BOX, [0, 2.1, 0], "$.action[1]: 2.1 is above 2.0"),
    (BOX, [1.7, 9, 0], "$.action[0]: 1.7 is above 1.0"),
    (BOX, [0, 0, -1.0000001], "$.action[2]: -1.0000001 is below -1.0"),
    (BOX, [0, 0, "-Infinity"], "$.action[2]: -Infinity is below -1.0"),
    (BOX, [0, "Infinity", 0], "$.action[1]: Infinity is above 2.0"),
    (BOX, [0, 0, "NaN"], "$.action[2]: NaN is not a number"),
    (BOX, [0, NAN, 0], "$.action[1]: NaN is not a number"),
    (BOX, [0, 0, 1e39], "$.action[2]: 1e+39 is beyond float32"),
    (BOX, [0, 0, -1e39], "$.action[2]: -1e+39 is beyond float32"),
    (BOX, [0, True, 0], "$.action[1]: expected a number, got a boolean"),
    (BOX, [0, "1", 0], "$.action[1]: expected a number, got a string"),
    (BOX, [0, None, 0], "$.action[1]: expected a number, got null"),
    (BOX, [[0], 0, 0], "$.action[0]: expected a number, got a list"),
    (BOX, f4(0, 2.1, 0), "$.action[1]: 2.1 is above 2.0"),
    (BOX, f4(0, 0, NAN), "$.action[2]: NaN is not a number"),
    (BOX, f4(0, 0), "$.action: expected shape [3], got [2]"),
    (BOX, np.array([0, 0, 1e39]), "$.action[2]: 1e+39 is beyond float32"),
    (BOX, np.array([True, True, True]), "$.action: expected numbers, got an array of bool"),
    (BOX, np.array([0j, 0, 0]), "$.action: expected numbers, got an array of complex128"),
    (BOX, {"$array": "AAAA", "dtype": "<f4", "shape": []},
     "$.action: an array of <f4 and shape [] has 4 bytes, but 3 came"),
    (spaces.Box(-1, 1, ()), [0], "$.action: expected a number, got a list"),
    (spaces.Box(-1, 1, ()), 1.5, "$.action: 1.5 is above 1.0"),
    (spaces.Box(0, 0.1, (1,), np.float64), [0.2], "$.action[0]: 0.2 is above 0.1"),
    (spaces.Box(-1, 1, (1,), np.float16), [1.1], "$.action[0]: 1.1 is above 1.0"),
    (GRID, [[0, 1], [2, 256]], "$.action[1][1]: 256 is no uint8"),
    (GRID, [[0, 1], [2.5, 3]], "$.action[1][0]: expected an integer, got a number 2.5"),
    (GRID, [[0, 1], [2]], "$.action[1]: expected 2 values, got 1"),
    (GRID, [[0, 1], 2], "$.action[1]: expected a list of 2, got an integer"),
    (GRID, np.array([[0, 1], [-1, 2]]), "$.action[1][0]: -1 is no uint8"),
    (GRID, np.array([[0, 1], [0.5, 2]]), "$.action[1][0]: 0.5 is not an integer"),
    (GRID, np.array([[0, 1], [NAN, 2]]), "$.action[1][0]: NaN is not an integer"),
    (spaces.Box(-5, 5, (1,), np.int64), np.array([2.0**53 + 2]), "$.action[0]: 9007199254740994.0 is not an integer"),
    (spaces.Box(-5, 5, (1,), np.int64), [6], "$.action[0]: 6 is above 5"),
    (spaces.Box(0, 1, (2,), np.bool_), [True, 2], "$.action[1]: 2 is neither 0 nor 1"),
    (spaces.Box(0, np.array([1, 0]).astype(bool), dtype=np.bool_), [True, True], "$.action[1]: true is above false"),
    (PAIR, [3, 0], "$.action[0]: 3 is above 2"),
    (PAIR, [0, -3], "$.action[1]: -3 is below -2"),
    (PAIR, [0, False], "$.action[1]: expected an integer, got a boolean"),
    (PAIR, np.array([True, False]), "$.action: expected integers, got an array of bool"),
    (SWITCHES, [[0, 1], [2, 0]], "$.action[1][0]: 2 is neither 0 nor 1"),
    (SWITCHES, [[0, 1], [0.5, 0]], "$.action[1][0]: expected an integer, got a number 0.5"),
    (SWITCHES, np.array([[0, 1], [0, 0.5]]), "$.action[1][1]: 0.5 is neither 0 nor 1"),
    (SWITCHES, [[0, 1]], "$.action: expected 2 values, got 1"),
    (WORD, "", "$.action: expected 1 to 3 characters, got 0"),
    (WORD, "abab", "$.action: expected 1 to 3 characters, got 4"),
    (WORD, "ac", "$.action: 'c' at 1 is not in the charset"),
    (WORD, 1, "$.action: expected a string, got an integer"),
    (NAMED, {"arm": [0, 0, 0]}, "$.action.hand: is required"),
    (NAMED, {"arm": [0, 0, 0], "hand": {"grip": 5}}, "$.action.hand.grip: 5 is not one of -1 to 1"),
    (NAMED, {"arm": [0, 3, 0], "hand": {"grip": 0}}, "$.action.arm[1]: 3.0 is above 2.0"),
    (NAMED, {"leg": 0}, "$.action: has no 'leg'; expected arm, hand"),
    (NAMED, [], "$.action: expected an object, got a list"),
    (BOTH, [0], "$.action: expected 2 values, got 1"),
    (BOTH, [0, ["x"]], "$.action[1][0]: 'x' at 0 is not in the charset"),
    (BOTH, {"0": 0}, "$.action: expected a list, got an object"),
    (BOTH, f4(0, 0), "$.action: expected a list, got an array of shape [2]"),
    (SOME, [[0, 0, 0], [0, 3, 0]], "$.action[1][1]: 3.0 is above 2.0"),
    (SOME, np.array([[0, 0, 0], [0, 3, 0]], "f4"), "$.action[1][1]: 3.0 is above 2.0"),
    (SOME, np.array(0), "$.action: expected a list, got an array of shape []"),
    (SOME, 7, "$.action: expected a list, got an integer"),
    (STACKED, {"a": [0, 9], "b": [[], []]}, "$.action.a[1]: 9 is not one of -1 to 1"),
    (STACKED, {"a": [0], "b": [[[1, 0]], ["x"]]}, "$.action.b[1][0]: 'x' at 0 is not in the charset"),
    (STACKED, {"a": [0], "b": [[[1, 0]], []]}, "$.action.b: expected parts of one length, got 1, 0 values"),
    (STACKED, {"a": [0, 0], "b": [[[1, 0]], ["a"]]}, "$.action: expected parts of one length, got 2, 1 values"),
    (STACKED, [{"a": 0, "b": [[1, 0], "a"]}], "$.action: expected an object, got a list"),
    (GRAPH, {"nodes": [[0]]}, "$.action: expected an object of nodes, edges, edge_links"),
    (GRAPH, {"nodes": [[2]], "edges": None, "edge_links": None}, "$.action.nodes[0][0]: 2.0 is above 1.0"),
    (GRAPH, {"nodes": [[0]], "edges": [0], "edge_links": None}, "$.action.edge_links: expected a list of 1, got null"),
    (GRAPH, {"nodes": [[0]], "edges": [7], "edge_links": [[0, 0]]}, "$.action.edges[0]: 7 is not one of -1 to 1"),
    (GRAPH, {"nodes": [[0]], "edges": [0], "edge_links": [[0, 1]]}, "$.action.edge_links[0][1]: 1 is above 0"),
    (GRAPH, {"nodes": [], "edges": [0], "edge_links": [[0, 0]]}, "$.action.edge_links[0][0]: 0 is above -1"),
    (GRAPH, {"nodes": [[0]], "edges": [], "edge_links": [[0, 0]]}, "$.action.edge_links: expected 0 values, got 1"),
    (GRAPH, {"nodes": [[0]], "edges": None, "edge_links": []}, "$.action.edges: expected a list, got null"),
    (BARE_GRAPH, {"nodes": [0], "edges": [], "edge_links": []},
     "$.action.edges: expected null for a graph without edges"),
    (EITHER, [2, 0], "$.action[0]: 2 is not one of 0 to 1"),
    (EITHER, [0, 7], "$.action[1]: 7 is not one of -1 to 1"),
    (EITHER, [1, [0, 0]], "$.action[1]: expected 3 values, got 2"),
    (EITHER, [0], "$.action: expected 2 values, got 1"),
    (Even(), 3, "$.action: is not in Even"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("space", "value", "detail"), FAULTS, ids=[f"{space} {value}"[:50] for space, value, _ in FAULTS]
)
def test_an_error_says_where_and_why(space: Space[Any], value: Any, detail: str) -> None:
    """The path is one that a client's own tools can follow."""
    with pytest.raises(InvalidAction) as refusal:
        read_member(space, value, "$.action")
    (fault,) = refusal.value.errors
    assert (refusal.value.detail, f"{fault.path}: {fault.message}") == (detail, detail)


TAKEN: list[tuple[Space[Any], Any, Any]] = [
    (DISCRETE, 1.0, np.int64(1)),
    (DISCRETE, np.array(1, "|u1"), np.int64(1)),
    (DISCRETE, {"$array": "AQ==", "dtype": "|u1", "shape": []}, np.int64(1)),
    (BOX, [0, 2, 1e38], f4(0, 2, 1e38)),
    (BOX, [0, 2.00000001, "Infinity"], f4(0, 2, INF)),
    (BOX, np.array([0, 1, INF]), f4(0, 1, INF)),
    (BOX, np.array([0, 1, 2], "|i1"), f4(0, 1, 2)),
    (BOX, [-0.0, -0.0, -0.0], f4(-0.0, -0.0, -0.0)),
    (GRID, [[0, 1.0], [255, 3]], np.array([[0, 1], [255, 3]], "u1")),
    (GRID, np.array([[0, 1], [255, 3]], "<f8"), np.array([[0, 1], [255, 3]], "u1")),
    (SWITCHES, [[True, 0], [1.0, False]], np.array([[1, 0], [1, 0]], "i1")),
    (SWITCHES, np.array([[True, False], [True, True]]), np.array([[1, 0], [1, 1]], "i1")),
    (spaces.Box(0, 1, (3,), np.bool_), [True, 0, 1.0], np.array([True, False, True])),
    (spaces.Box(-(2**63), 2**63 - 1, (2,), np.int64), [-(2**63), 2**63 - 1], np.array([-(2**63), 2**63 - 1])),
    (spaces.Box(0, 2**64 - 1, (1,), np.uint64), [2**64 - 1], np.array([2**64 - 1], "u8")),
    (spaces.Discrete(28, start=100, dtype=np.int8), 127, np.int8(127)),
    (spaces.MultiDiscrete([28], np.int8, start=[100]), [127], np.array([127], "i1")),
    (spaces.Box(-1, 1, (1,), np.longdouble), [0.5], np.array([0.5], np.longdouble)),
    (Even(), 4, 4),
]  # fmt: skip


@pytest.mark.parametrize(
    ("space", "value", "expected"), TAKEN, ids=[f"{space} {value}"[:50] for space, value, _ in TAKEN]
)
def test_what_means_a_member_is_taken_for_it(space: Space[Any], value: Any, expected: Any) -> None:
    """1.0 for an integer, a boolean for a switch, an infinity where the bound is one, and the ends of every dtype."""
    member = read_member(space, value, "$.action")
    assert type(member) is type(expected)
    assert (member == expected).all() if isinstance(expected, np.ndarray) else member == expected
    assert getattr(member, "dtype", None) == getattr(expected, "dtype", None)
    assert space.contains(member)


def test_json_numbers_reach_a_space_as_they_were_typed() -> None:
    """Integers beyond 64 bits, which JSON parsers make floats of, do not become the nearest integer."""
    last = spaces.Discrete(2, start=-(2**63))
    assert read_member(last, read(b"-9223372036854775808", "json"), "$.action") == -(2**63)
    with pytest.raises(InvalidAction, match="expected an integer, got a number"):
        read_member(last, read(b"-9223372036854775809", "json"), "$.action")
