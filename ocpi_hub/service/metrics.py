"""Numbers for Prometheus: a registry per app, its text, and who may read it."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4


@dataclass(frozen=True, slots=True)
class Exposition:
    """The answer to a scrape."""

    body: bytes
    content_type: str


def new_registry() -> CollectorRegistry:
    """A registry with what the process itself uses: memory, CPU, file handles, garbage."""
    # Never the global one: two apps in a process would count each other's work.
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def exposition(registry: CollectorRegistry) -> Exposition:
    """Everything in the registry, as Prometheus reads it."""
    return Exposition(generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4)


def allowed(client_host: str | None, authorization: str | None, *, token: str | None) -> bool:
    """Whether this caller may read: from this machine, or with the bearer token."""
    if _is_loopback(client_host):
        return True
    if token is None or authorization is None:
        return False
    expected = f"Bearer {token}".encode()
    return hmac.compare_digest(authorization.encode(errors="replace"), expected)


def _is_loopback(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
