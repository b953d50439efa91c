"""Contests in rounds: in each, everybody plays once, for the same short time.

So a machine that has other work to do is unfair to all alike, and what counts is the ratio within a round.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

WARMING_S = 0.2


class Turn(NamedTuple):
    """What somebody did in one round: steps of environments, how long it all took, how long each request took."""

    steps: int
    elapsed_s: float
    waits_s: Sequence[float]

    @property
    def steps_per_s(self) -> float:
        """Of all environments together."""
        return self.steps / self.elapsed_s


Play = Callable[[float], Turn]
"""Does what it does for so many seconds."""


class Contestant(NamedTuple):
    """Somebody who steps environments."""

    name: str
    play: Play


class Duel(NamedTuple):
    """Who is compared with whom, by their names, and the ratio of their steps a second that is wanted, if any is."""

    ours: str
    reference: str
    wanted: float | None = None


class Plan(NamedTuple):
    """How many rounds, and how long one turn lasts."""

    rounds: int
    turn_s: float


def plan_from_command_line(text: str | None, rounds: int = 7, turn_s: float = 0.7) -> Plan:
    """The plan that the flags ask for, `text` says what the program is.

    A round has to be over within 15 seconds: then the server gives up a socket that has answered no ping meanwhile.
    """
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--turn-s", type=float, default=turn_s, help="seconds that each plays in a round")
    given = parser.parse_args()
    return Plan(given.rounds, given.turn_s)


def one_by_one(ask: Callable[[int], object], steps_each: int = 1) -> Play:
    """One request after the other; `ask` is called with the number of the request and returns when it is answered."""

    def play(seconds: float) -> Turn:
        marks = [time.perf_counter()]
        end, number = marks[0] + seconds, 0
        while marks[-1] < end:
            ask(number)
            number += 1
            marks.append(time.perf_counter())
        waits_s = [after - before for before, after in pairwise(marks)]
        return Turn(number * steps_each, marks[-1] - marks[0], waits_s)

    return play


def compete(contestants: Sequence[Contestant], plan: Plan) -> dict[str, list[Turn]]:
    """The turns of each, round by round; who begins changes from round to round."""
    for contestant in contestants:
        contestant.play(WARMING_S)
    turns: dict[str, list[Turn]] = {contestant.name: [] for contestant in contestants}
    for number in range(plan.rounds):
        first = number % len(contestants)
        for contestant in (*contestants[first:], *contestants[:first]):
            turns[contestant.name].append(contestant.play(plan.turn_s))
    return turns


def table(turns: dict[str, list[Turn]]) -> str:
    """Steps a second and how long a request takes, in Markdown."""
    rows = [_row(name, played) for name, played in turns.items()]
    head = ("| who | steps/s, median | lowest to highest | p50 | p99 |", "|---|---:|---:|---:|---:|")
    return "\n".join((*head, *rows))


def ratios(turns: dict[str, list[Turn]], ours: str, reference: str) -> list[float]:
    """Of their steps a second, round by round."""
    pairs = zip(turns[ours], turns[reference], strict=True)
    return [mine.steps_per_s / theirs.steps_per_s for mine, theirs in pairs]


def _row(name: str, played: Sequence[Turn]) -> str:
    rates = [turn.steps_per_s for turn in played]
    percentiles = statistics.quantiles([wait for turn in played for wait in turn.waits_s], n=100)
    p50, p99 = (f"{1e6 * percentiles[number - 1]:,.0f} us" for number in (50, 99))
    spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
    return f"| {name} | {statistics.median(rates):,.0f} | {spread} | {p50} | {p99} |"
