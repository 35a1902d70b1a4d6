"""What a CPO hears of a write of an object that it owns."""

from __future__ import annotations

from emsp_adapter.asking import Asking
from emsp_adapter.store.outcomes import Outcome
from ocpi_hub.protocol.errors import ObjectNotFound, UnknownLocation
from ocpi_hub.protocol.message import Message, Reply


def answer_to(asking: Asking, outcome: Outcome) -> Reply:
    """1000, with 201 for what is new; 404 where there was nothing to change (STA-17, STA-21)."""
    findings = "; ".join(asking.message.findings) or None
    match outcome:
        case Outcome.CREATED:
            return Reply(http_status=201, message=findings)
        case Outcome.UPDATED | Outcome.UNCHANGED:
            return Reply(message=findings)
        case Outcome.STALE:
            return Reply(message="stale: a newer last_updated is stored, nothing changed")
        case Outcome.UNKNOWN:
            raise unknown(asking.message)


def unknown(message: Message) -> ObjectNotFound | UnknownLocation:
    """The refusal of what is not known; 2003 for a Location and what is below it (LOC-06)."""
    ids = "/".join(
        message.params[name] for name in message.params if name not in ("country_code", "party_id")
    )
    what = f"{message.operation.module} {ids!r} is not known"
    if message.operation.module == "locations":
        return UnknownLocation(what, http_status=404)
    return ObjectNotFound(what)
