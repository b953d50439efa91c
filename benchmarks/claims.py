"""What is claimed: each figure that is wanted, beside the one that was measured."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.rounds import Duel, Turn, ratios

HEAD = "| claim | wanted | measured | of the rounds | |\n|---|---:|---:|---:|---|"


class Claim(NamedTuple):
    """A figure of each round, and the bound that their median has to reach; None where the figure is only told."""

    what: str
    figures: Sequence[float]
    wanted: float | None = None
    is_upper_bound: bool = False
    unit: str = "x"

    @property
    def is_reached(self) -> bool:
        """Whether the median is as wanted."""
        measured = statistics.median(self.figures)
        if self.wanted is None:
            return True
        return measured <= self.wanted if self.is_upper_bound else measured >= self.wanted

    def row(self) -> str:
        """A line in Markdown."""
        bound = "at most" if self.is_upper_bound else "at least"
        wanted = "" if self.wanted is None else f"{bound} {self.wanted:g} {self.unit}"
        measured = f"{statistics.median(self.figures):.2f} {self.unit}"
        spread = f"{min(self.figures):.2f} to {max(self.figures):.2f}"
        verdict = "" if self.wanted is None else "reached" if self.is_reached else "**missed**"
        return f"| {self.what} | {wanted} | {measured} | {spread} | {verdict} |"


def claims_of(turns: dict[str, list[Turn]], duels: Sequence[Duel]) -> list[Claim]:
    """A claim for each comparison."""
    return [Claim(f"{ours} / {theirs}", ratios(turns, ours, theirs), wanted) for ours, theirs, wanted in duels]


def claims_table(claims: Sequence[Claim]) -> str:
    """The claims in Markdown."""
    return "\n".join((HEAD, *(claim.row() for claim in claims)))
