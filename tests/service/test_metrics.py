"""Metrics: their own registry, and who may read them."""

from __future__ import annotations

import pytest
from prometheus_client import Counter

from ocpi_hub.service import metrics

TOKEN = "let-me-read"
CALLERS = [
    pytest.param("127.0.0.1", None, None, True, id="this machine"),
    pytest.param("::1", None, TOKEN, True, id="this machine by IPv6"),
    pytest.param("10.0.0.7", None, TOKEN, False, id="another machine"),
    pytest.param("10.0.0.7", f"Bearer {TOKEN}", TOKEN, True, id="with the token"),
    pytest.param("10.0.0.7", "Bearer wrong", TOKEN, False, id="with another token"),
    pytest.param("10.0.0.7", f"Token {TOKEN}", TOKEN, False, id="with another scheme"),
    pytest.param("10.0.0.7", "Bearer None", None, False, id="with no token set"),
    pytest.param("10.0.0.7", "Bearer \udcff", TOKEN, False, id="with bytes that are no text"),
    pytest.param("localhost", None, None, False, id="with a name for an address"),
    pytest.param(None, None, None, False, id="from nowhere"),
]


@pytest.mark.parametrize(("host", "authorization", "token", "answer"), CALLERS)
def test_who_may_read(
    host: str | None, authorization: str | None, token: str | None, answer: bool
) -> None:
    assert metrics.allowed(host, authorization, token=token) is answer


def test_two_apps_count_apart() -> None:
    one, other = metrics.new_registry(), metrics.new_registry()
    Counter("relayed", "Messages relayed.", registry=one).inc()
    Counter("relayed", "Messages relayed.", registry=other)

    assert b"relayed_total 1.0" in metrics.exposition(one).body
    assert b"relayed_total 0.0" in metrics.exposition(other).body
    assert metrics.exposition(one).content_type.startswith("text/plain; version=0.0.4")
