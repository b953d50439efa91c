"""The columns in which instances are listed: what each shows, and how instances are ordered by it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from gateway.command_line import amounts, table
from gateway.command_line.overview import Overview


class Column(NamedTuple):
    """One column; `of` is the value of an instance by which it is ordered, `show` that value for people."""

    name: str
    of: Callable[[Overview], Any]
    show: Callable[[Any], str] = str
    is_figure: bool = True


def _labels(instance: Overview) -> str:
    return ",".join(f"{key}={value}" for key, value in instance.labels.items()) or "-"


_CPU_TIME = Column("cpu", lambda i: i.cpu_s, amounts.seconds)
_CPU_SHARE = Column("cpu%", lambda i: i.cpu_percent, amounts.number)


def _with(cpu: Column) -> tuple[Column, ...]:
    return (
        Column("id", lambda i: i.instance_id, is_figure=False),
        Column("env", lambda i: i.env_id, is_figure=False),
        Column("state", lambda i: i.state, is_figure=False),
        Column("pid", lambda i: i.pid, lambda pid: "-" if pid is None else str(pid)),
        Column("steps/s", lambda i: i.steps_per_s, amounts.number),
        Column("p99", lambda i: i.step_p99_s, amounts.latency),
        cpu,
        Column("memory", lambda i: i.rss_bytes, amounts.size),
        Column("queue", lambda i: i.queue, amounts.number),
        Column("idle", lambda i: i.idle_s, amounts.duration),
        Column("age", lambda i: i.age_s, amounts.duration),
        Column("labels", _labels, is_figure=False),
    )


AT_REST = _with(_CPU_TIME)
"""What one look tells; `cpu` is the time that the instance has used."""

LIVE = _with(_CPU_SHARE)
"""What several looks tell; `cpu%` is its share of one core."""


def shown(instances: Sequence[Overview], columns: Sequence[Column]) -> list[str]:
    """The table's lines, the headings first."""
    rows = [[column.show(column.of(instance)) for column in columns] for instance in instances]
    return table.lines([column.name for column in columns], rows, [column.is_figure for column in columns])


def ordered(instances: Sequence[Overview], column: Column, *, is_reversed: bool) -> list[Overview]:
    """Figures from the largest, all else from A to Z, unless reversed; what is not known comes last."""
    known = [instance for instance in instances if column.of(instance) is not None]
    unknown = [instance for instance in instances if column.of(instance) is None]
    return sorted(known, key=column.of, reverse=column.is_figure != is_reversed) + unknown
