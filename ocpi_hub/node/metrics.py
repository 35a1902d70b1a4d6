"""What an adapter counts, for Prometheus. Labels are modules and codes, never parties."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import Counter, Gauge, Histogram

from ocpi_hub.protocol.server import Exchange
from ocpi_hub.service.metrics import new_registry

_SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0)


class Metrics:
    """One registry per app, so that several may live in one process; names begin with `prefix`."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.registry = new_registry()
        self._exchanges = Counter(
            f"{prefix}_ocpi_requests",
            "OCPI requests answered.",
            ("module", "method", "status_code"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            f"{prefix}_ocpi_request_seconds",
            "Time to an answer.",
            buckets=_SECONDS,
            registry=self.registry,
        )

    def observe(self, exchange: Exchange) -> None:
        """Count an exchange with a partner."""
        module = exchange.message.operation.module if exchange.message else "none"
        self._exchanges.labels(module, exchange.method, exchange.reply.status_code).inc()
        self._seconds.observe(exchange.milliseconds / 1000)

    def watch(self, name: str, about: str, value: Callable[[], float]) -> None:
        """A number that is asked for when somebody looks."""
        Gauge(f"{self._prefix}_{name}", about, registry=self.registry).set_function(value)

    def watch_each(
        self, name: str, about: str, label: str, values: Mapping[str, Callable[[], float]]
    ) -> None:
        """The same of a number for each value of a label."""
        gauge = Gauge(f"{self._prefix}_{name}", about, (label,), registry=self.registry)
        for each, value in values.items():
            gauge.labels(each).set_function(value)
