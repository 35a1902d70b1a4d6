"""What the pages and endpoints of one process work with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

from starlette.requests import Request

from emsp_adapter.identity.passwords import Passwords
from emsp_adapter.office import Office
from ocpi_hub.node.limits import RateLimit


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of the adapter, and who asks too often: by address, and by e-mail address."""

    office: Office
    passwords: Passwords = field(default_factory=Passwords)
    sign_ins: RateLimit = field(
        default_factory=lambda: RateLimit(60, 600.0, "attempts to sign in per 10 minutes")
    )
    links: RateLimit = field(
        default_factory=lambda: RateLimit(60, 3600.0, "requests for a link per hour")
    )
    mails: RateLimit = field(
        default_factory=lambda: RateLimit(5, 3600.0, "mails to one address per hour")
    )
    refusals: RateLimit = field(
        default_factory=lambda: RateLimit(60, 60.0, "refused requests per minute")
    )

    @property
    def issuer(self) -> str:
        """The base of every URL of ours."""
        return self.office.settings.public_url

    @property
    def base(self) -> str:
        """The path before every path of ours, where a proxy serves us below one."""
        return urlsplit(self.issuer).path

    @property
    def secure(self) -> bool:
        """Whether browsers come by https."""
        return self.issuer.startswith("https:")


def desk_of(request: Request) -> Desk:
    """The desk that serves a request."""
    return cast("Desk", request.app.state.desk)
