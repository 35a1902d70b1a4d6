"""What the hub counts, for Prometheus. Labels are modules, methods and codes, never parties."""

from __future__ import annotations

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from ocpi_hub.protocol.server import Exchange
from ocpi_hub.service.metrics import new_registry

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)


class Metrics:
    """One registry per app, so that several hubs may live in one process."""

    def __init__(self) -> None:
        self.registry = new_registry()
        self.requests = Counter(
            "ocpi_hub_requests",
            "OCPI requests answered.",
            ("module", "method", "http_status", "status_code"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "ocpi_hub_request_seconds",
            "Time to an answer.",
            ("module",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        # Finding a series costs as much as counting.
        self._count, self._time = cache(self.requests.labels), cache(self.seconds.labels)
        self.platforms = self._gauge("platforms", "Platforms by presence.", "presence")
        self.oldest_cdr = self._gauge(
            "oldest_undelivered_cdr_seconds", "Age of the oldest CDR in custody without an outcome."
        )
        self._cleared = Counter(
            "ocpi_hub_cdrs_cleared",
            "CDRs priced again by verdict; rejected are those that were not taken for it.",
            ("verdict",),
            registry=self.registry,
        )
        self.cdrs = self._gauge("cdrs", "CDRs in custody by state.", "state")
        self.parked = self._gauge("parked_objects", "Objects a receiver refused.")
        self.guard = self._gauge(
            "guard_age_seconds", "For how long an open writer has held back delivery."
        )
        self.open_breakers = self._gauge("open_breakers", "Partners that are not called now.")
        self.dropped = self._gauge("exchange_records_dropped", "Trace records that did not fit.")
        self.stale = self._gauge("registry_stale_seconds", "Age of what the hub knows of partners.")

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"ocpi_hub_{name}", text, labels, registry=self.registry)

    def cleared(self, verdict: str) -> None:
        """Count one CDR that was priced again."""
        self._cleared.labels(verdict).inc()

    def observe(self, exchange: Exchange) -> None:
        """Count one request and its answer."""
        module = exchange.message.operation.module if exchange.message else "none"
        reply = exchange.reply
        known = _known(module)
        self._count(known, exchange.method, reply.http_status, reply.status_code).inc()
        self._time(known).observe(exchange.milliseconds / 1000)


def _known(module: str) -> str:
    """A custom module's name comes from a partner: it must not make series without end."""
    return module if "-" not in module else "custom"
