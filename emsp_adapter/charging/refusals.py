"""Why something cannot be asked of a station now."""

from __future__ import annotations


class Refused(Exception):
    """One sentence for the driver; nothing was sent. `field` is what of the request is at fault."""

    def __init__(self, why: str, *, field: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.field = field
