"""What the service tells Prometheus about itself; no label ever holds an id of anybody."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

__all__ = ["Metrics", "shared_metrics"]

#: Where processes that answer together keep their figures, so that each can tell those of all.
_SHARED = "PROMETHEUS_MULTIPROC_DIR"

#: Seconds; the goal for a decision is 10 milliseconds, and nobody waits longer than some seconds.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._known: dict[tuple[str, str, str], Histogram] = {}
        counted, spread = partial(Counter, registry=self.registry), partial(Histogram, registry=self.registry)
        newest = partial(Gauge, registry=self.registry, multiprocess_mode="mostrecent")
        self._requests = spread(
            "goodfaith_request_seconds", "How long requests took to answer", ("method", "route", "status"),
            buckets=_BUCKETS,
        )  # fmt: skip
        self._decisions = counted("goodfaith_decisions", "Decisions made, by kind and outcome", ("kind", "outcome"))
        self._committed = spread(
            "goodfaith_group_commit_size", "Requests that were decided in one transaction",
            buckets=(1, 2, 4, 8, 16, 32, 64),
        )  # fmt: skip
        self._remembered = counted(
            "goodfaith_merchants_looked_up", "Merchants whose money a decision went by, and whether it was remembered",
            ("remembered",),
        )  # fmt: skip
        self._turned_away = counted(
            "goodfaith_turned_away", "Requests answered 429, since too much was waiting", ("path",)
        )
        self._due = newest("goodfaith_due_merchants", "Merchants with events not yet judged")
        self._lag = newest("goodfaith_lag_seconds", "How long the first of them waits")
        self._age = newest("goodfaith_newest_assessment_age_seconds", "How old the newest assessment is")
        self._store_failures = counted(
            "goodfaith_store_failures", "What the store could not do, by why: full, slow or gone", ("kind",)
        )
        self._out_of_time = counted(
            "goodfaith_out_of_time", "Requests that were answered 503 since nobody should wait longer", ("method",)
        )
        self._judged = counted("goodfaith_judged", "Merchants that were judged by a worker beside whoever answers")
        self._shift = newest(
            "goodfaith_shift", "By how much the share of outcomes has risen at least since a change that is watched",
            ("subject", "kind", "outcomes"),
        )  # fmt: skip
        self._refused = Gauge(
            "goodfaith_policy_files_refused", "1 while the folder's policies cannot be followed, and older ones are",
            registry=self.registry, multiprocess_mode="livemax",
        )  # fmt: skip

    def answered(self, *, route: str | None, method: str, status: int, seconds: float) -> None:
        """Count a request; what matched no route is counted together."""
        # A method is the caller's word: only those that are routes' own are told apart.
        told = (method if route else "any", route or "none", str(status))
        known = self._known.get(told)
        if known is None:
            # There are as many as routes and statuses; to look one up again costs several times as much as to count.
            known = self._known[told] = self._requests.labels(*told)
        known.observe(seconds)

    def decided(self, *, kind: str, outcome: str) -> None:
        """Count a decision."""
        self._decisions.labels(kind, outcome).inc()

    def committed(self, requests: int) -> None:
        """Count a transaction in which so many requests were decided."""
        self._committed.observe(requests)

    def looked_up(self, *, remembered: int, read: int) -> None:
        """Count merchants of whom it was remembered what they owe, and others of whom it was read."""
        self._remembered.labels("yes").inc(remembered)
        self._remembered.labels("no").inc(read)

    def turned_away(self, path: str) -> None:
        """Count a request that found no room; `path` is the beginning of those that lead there."""
        self._turned_away.labels(path).inc()

    def waiting(self, *, merchants: int, seconds: float, newest_age: float | None) -> None:
        """Note who waits to be judged, and how old the newest assessment is."""
        self._due.set(merchants)
        self._lag.set(seconds)
        if newest_age is not None:
            self._age.set(newest_age)

    def store_failed(self, kind: str) -> None:
        """Count what the store could not do."""
        self._store_failures.labels(kind).inc()

    def out_of_time(self, method: str) -> None:
        """Count a request that took too long."""
        self._out_of_time.labels(method).inc()

    def judged(self, merchants: int) -> None:
        """Count merchants that were judged."""
        self._judged.inc(merchants)

    def shifted(self, subject: str, kind: str, outcomes: str, rise: float) -> None:
        """Note by how much a change has shifted the answers."""
        self._shift.labels(subject, kind, outcomes).set(rise)

    def policies(self, *, refused: bool) -> None:
        """Note whether the newest policy files could not be followed."""
        self._refused.set(refused)

    def text(self, stored: Iterable[Metric] = ()) -> bytes:
        """Everything, as Prometheus reads it; of all processes where several answer together.

        `stored` are figures that the store holds, the same whichever process tells them.
        """
        kept = CollectorRegistry()
        kept.register(_Stored(stored))
        return generate_latest(_of_all() if _SHARED in os.environ else self.registry) + generate_latest(kept)


class _Stored(Collector):
    """Figures that were read for one answer."""

    def __init__(self, figures: Iterable[Metric]) -> None:
        self._figures = tuple(figures)

    def collect(self) -> Iterable[Metric]:
        return self._figures


def _of_all() -> CollectorRegistry:
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # The library gives it no types.
    return registry


@contextmanager
def shared_metrics() -> Iterator[None]:
    """Have this process, with `Metrics` made within the block, and those started within it add up their figures."""
    alone = values.ValueClass
    with TemporaryDirectory(prefix="goodfaith-metrics-") as folder:
        os.environ[_SHARED] = folder
        # The library looks at the environment once, when it is loaded: by then it was not said that there will be more.
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]  # The library gives it no types.
        try:
            yield
        finally:
            values.ValueClass = alone
            del os.environ[_SHARED]
