"""Who may say what: the token decides; headers, URLs and bodies are claims checked against it.

Pure functions over a Message and the platform whose token it carried. Each failure is an OcpiError
with the code of checklist section 5b.
"""

from __future__ import annotations

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.message import Message
from ocpi_hub.protocol.ownership import check_owner, owner_in_body, token_owner
from ocpi_hub.protocol.party import Party
from ocpi_hub.snapshot import PartyRole, Platform

__all__ = ["check_owner", "owner_in_body", "sender_of", "token_owner"]


def sender_of(message: Message, caller: Platform) -> Party:
    """The party that speaks, in its registered spelling.

    2001 when OCPI-from names a party that is not the caller's, or none where several are possible;
    2001 when that party has no role that may use this operation.
    """
    claimed = message.sender or _implied(message, caller)
    roles = _roles_of(caller, claimed)
    if not roles:
        raise InvalidParameters(f"OCPI-from: {claimed} is not a party of this platform")
    for role in roles:
        if role.role in message.operation.callers:
            return role.party
    raise InvalidParameters(
        f"OCPI-from: {claimed} ({', '.join(sorted(role.role for role in roles))}) has no role that"
        f" may {message.operation.method} {message.operation.module} here"
    )


def _roles_of(caller: Platform, party: Party) -> list[PartyRole]:
    return [role for role in caller.roles if role.party == party and not role.suspended]


def _implied(message: Message, caller: Platform) -> Party:
    """Without OCPI-from: the owner in URL or body, or the platform's only party (RTE-27)."""
    for owner in (message.owner, owner_in_body(message.document)):
        if owner is not None and _roles_of(caller, owner):
            return owner
    parties = {role.party for role in caller.roles if not role.suspended}
    if len(parties) == 1:
        return next(iter(parties))
    raise InvalidParameters(
        f"OCPI-from missing: this platform has {len(parties)} parties, name the one that speaks"
    )
