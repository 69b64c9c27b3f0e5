"""What Prometheus is told: requests by route and status, how long they take, what is served.

With several worker processes the numbers of all are added up, through the files in the folder that
`PROMETHEUS_MULTIPROC_DIR` names; `serve` makes one.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from api.dependencies import Publications

SHARED: Final = "PROMETHEUS_MULTIPROC_DIR"
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class Metrics:
    """The counters of one application."""

    def __init__(self, publications: Publications) -> None:
        self._own = CollectorRegistry()
        self._requests = Counter(
            "vigistock_requests", "Answers", ("method", "route", "status"), registry=self._own
        )
        self._seconds = Histogram(
            "vigistock_request_seconds",
            "Time to the end of the answer",
            ("method", "route"),
            buckets=SECONDS,
            registry=self._own,
        )
        self._served = _Served(publications)
        self._counting: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        key = (method, route, status)
        if key not in self._counting:
            requests = self._requests.labels(method, route, str(status))
            self._counting[key] = requests, self._seconds.labels(method, route)
        requests, times = self._counting[key]
        requests.inc()
        times.observe(seconds)

    def text(self) -> bytes:
        """In Prometheus' text format; of all workers where there are several."""
        told = CollectorRegistry()
        if os.environ.get(SHARED):
            MultiProcessCollector(told)
        else:
            told.register(self._own)
        told.register(self._served)
        return generate_latest(told)


class _Served(Collector):
    """The publication that this process serves, as of now."""

    def __init__(self, publications: Publications) -> None:
        self._publications = publications

    def collect(self) -> Iterator[Metric]:
        degraded = float(self._publications.degraded)
        yield GaugeMetricFamily(
            "vigistock_degraded", "1: the last good publication stands in", degraded
        )
        made = self._publications.serving
        if made is None:
            return
        yield GaugeMetricFamily("vigistock_publication", "Number served", float(made.number))
        end = dt.datetime.combine(made.provenance["origin_end"], dt.time(), dt.UTC)
        age = dt.datetime.now(dt.UTC) - end - dt.timedelta(days=1)
        yield GaugeMetricFamily(
            "vigistock_origin_age_seconds",
            "Since the end (UTC) of the last day that the publication knows",
            age.total_seconds(),
        )
