"""How many requests an app may make: each access token for itself, and each address that comes
without a good one."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request

from ocpi_hub.node.limits import RateLimit

_REQUESTS = "requests in 10 s"
_REFUSALS = "requests without a valid access token per minute"
_REPORTS = "reports per hour"
_GUESTS = "requests without an account per minute"
_ADDRESSES = "changes of an e-mail address per hour"
_MAILS = "charges for one e-mail address per hour"


@dataclass(frozen=True, slots=True)
class Limits:
    """The buckets of one process: requests by token, refusals and guests by address, reports
    by driver, other addresses by driver and address, what is mailed to guests by address."""

    tokens: RateLimit = field(default_factory=lambda: RateLimit(200, 10.0, _REQUESTS))
    strangers: RateLimit = field(default_factory=lambda: RateLimit(60, 60.0, _REFUSALS))
    reports: RateLimit = field(default_factory=lambda: RateLimit(10, 3600.0, _REPORTS))
    guests: RateLimit = field(default_factory=lambda: RateLimit(60, 60.0, _GUESTS))
    addresses: RateLimit = field(default_factory=lambda: RateLimit(5, 3600.0, _ADDRESSES))
    mails: RateLimit = field(default_factory=lambda: RateLimit(5, 3600.0, _MAILS))


def limits_of(request: Request) -> Limits:
    """The buckets of the adapter that serves this request."""
    found: Limits = request.app.state.limits
    return found
