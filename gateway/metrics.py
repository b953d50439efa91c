"""The server's figures in Prometheus' text format; counted in plain numbers, put into its form only when asked."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.instance import Instance
from gateway.lifecycle import State
from protocol.facts import Cause

_BUCKETS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Metrics(Collector):
    """Implements `gateway.observer.Observer`; one for the server."""

    def __init__(self, instances: Callable[[], Iterable[Instance]]) -> None:
        self._instances = instances
        self._commands: Counter[tuple[str, str]] = Counter()
        self._crashes: Counter[str] = Counter()
        self._latencies: dict[str, _Latency] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def command_ended(self, op: str, outcome: str, elapsed_s: float) -> None:
        """Counts the command."""
        self._commands[op, outcome] += 1
        latency = self._latencies.get(op)
        if latency is None:
            latency = self._latencies[op] = _Latency()
        latency.count(elapsed_s)

    def crashed(self, cause: Cause) -> None:
        """Counts the crash."""
        self._crashes[cause] += 1

    def text(self) -> bytes:
        """All figures, in the text format 0.0.4."""
        return generate_latest(self._registry)

    def describe(self) -> list[Metric]:
        """Nothing: what there is depends on what has happened."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The figures of this moment, as prometheus_client wants them."""
        instances = list(self._instances())
        states = Counter(instance.state.value for instance in instances)
        yield _gauge("instances", "Instances by state", "state", {state.value: states[state.value] for state in State})
        yield GaugeMetricFamily(
            "gym_server_worker_rss_bytes", "Resident memory of all workers", sum(i.usage.rss_bytes for i in instances)
        )
        commands = CounterMetricFamily("gym_server_commands", "Commands by outcome", labels=["op", "outcome"])
        for (op, outcome), number in self._commands.items():
            commands.add_metric([op, outcome], number)
        yield commands
        crashes = CounterMetricFamily("gym_server_crashes", "Workers that ended unasked, by cause", labels=["cause"])
        for cause, number in self._crashes.items():
            crashes.add_metric([cause], number)
        yield crashes
        durations = HistogramMetricFamily("gym_server_command_seconds", "Time in the worker by command", labels=["op"])
        for op, latency in self._latencies.items():
            durations.add_metric([op], latency.buckets(), latency.total_s)
        yield durations


class _Latency:
    """A histogram of durations."""

    def __init__(self) -> None:
        self.total_s = 0.0
        self._counts = [0] * (len(_BUCKETS_S) + 1)

    def count(self, elapsed_s: float) -> None:
        self.total_s += elapsed_s
        self._counts[bisect_left(_BUCKETS_S, elapsed_s)] += 1

    def buckets(self) -> list[tuple[str, float]]:
        """Upper bound and how many do not exceed it, as Prometheus counts."""
        bounds, below, result = [*map(str, _BUCKETS_S), "+Inf"], 0, []
        for bound, number in zip(bounds, self._counts, strict=True):
            below += number
            result.append((bound, float(below)))
        return result


def _gauge(name: str, text: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"gym_server_{name}", text, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
