"""Real-time authorisation: whether a token may charge, from its driver's contract.

Source: 2.2.1 tokens, POST authorize, and checklist AUT. What was allowed is kept with whom, where
and how long it is good for, and Sessions and CDRs are held against it (T21).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from emsp_adapter.asking import Asking
from emsp_adapter.contracts.suspicion import Suspicion, remark, suspicion_of
from emsp_adapter.drivers.sentences import said
from emsp_adapter.money import credit
from emsp_adapter.money.price_texts import language_of
from emsp_adapter.office import Office
from emsp_adapter.store import authorizations
from emsp_adapter.store import tokens as token_store
from emsp_adapter.store.authorizations import Permission
from emsp_adapter.store.tokens import Holder, TokenRow
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import NotEnoughInformation, UnknownToken
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Reply
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.v2_2_1.tokens import AllowedType, TokenType

_GOOD_FOR = timedelta(days=1)
# Clocks differ, and some cars are plugged in before the card is held to the charger or the app
# asks: that takes minutes, and nobody is billed for hours before anybody was told yes.
_SLACK = timedelta(minutes=15)


async def authorize(office: Office, asking: Asking) -> Reply:
    """AuthorizationInfo; 2004 for a token that is not ours, 429 when a CPO guesses too often."""
    uid, references = asking.param("token_uid"), asking.document or None
    kind = asking.message.arguments.type or TokenType.RFID
    async with office.db.hot_transaction() as conn:
        token = await token_store.find(conn, uid=uid, type_=str(kind))
        holder = None if token is None else await token_store.holder(conn, token.driver_id)
        if token is None or holder is None:
            office.guesses.check(asking.sender.key)
            office.guesses.count(asking.sender.key)
            raise UnknownToken(f"the {kind} token {uid!r} is not one of ours")
        info = await _info(conn, office, token, holder, cpo=asking.sender, references=references)
    return Reply(data=dumps(info))


async def _info(
    conn: Hot,
    office: Office,
    token: TokenRow,
    holder: Holder,
    *,
    cpo: Party,
    references: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The answer, with a reference where it is yes."""
    location_id = None if references is None else references["location_id"]
    allowed = await _allowed(conn, office, token, holder, cpo=cpo, location_id=location_id)
    info: dict[str, Any] = {"allowed": allowed.value, "token": token.document}
    if allowed is not AllowedType.ALLOWED:
        return info
    suspicion = None
    if token.type == TokenType.RFID:
        suspicion = await suspicion_of(conn, office, token, cpo=cpo, location_id=location_id)
    if suspicion is not None:
        await remark(conn, office, token, suspicion)
        return info | _refusal(suspicion, holder)
    info["authorization_reference"] = await _given(
        conn, office, token, cpo=cpo, location_id=location_id
    )
    # AUT-06: whether they are free or open is the CPO's to know, so none is left out.
    return info if references is None else info | {"location": references}


def _refusal(suspicion: Suspicion, holder: Holder) -> dict[str, Any]:
    """T20: "blocked" is what the driver may be told, in words as well."""
    language = language_of(holder.locale)
    text = {"language": language, "text": said(suspicion.message, language)}
    return {"allowed": AllowedType.BLOCKED.value, "info": text}


async def _allowed(
    conn: Hot,
    office: Office,
    token: TokenRow,
    holder: Holder,
    *,
    cpo: Party,
    location_id: str | None,
) -> AllowedType:
    if token.state == "removed" or holder.status == "deleted":
        return AllowedType.EXPIRED
    if token.state == "blocked" or holder.status != "active":
        return AllowedType.BLOCKED
    if await credit.check(conn, office, holder.id) is not None:
        return AllowedType.NO_CREDIT
    if token.type == TokenType.RFID:
        return AllowedType.ALLOWED
    return await _by_app(conn, office, holder, cpo=cpo, location_id=location_id)


async def _by_app(
    conn: Hot, office: Office, holder: Holder, *, cpo: Party, location_id: str | None
) -> AllowedType:
    """The token of an app charges only where its driver asked to: its uid alone opens nothing."""
    if location_id is None:
        raise NotEnoughInformation("location_id missing: the token of an app is good for one place")
    asked = await authorizations.asked_for(
        conn, holder.id, cpo=cpo, location_id=location_id, now=office.now()
    )
    return AllowedType.ALLOWED if asked else AllowedType.NOT_ALLOWED


async def _given(
    conn: Hot, office: Office, token: TokenRow, *, cpo: Party, location_id: str | None
) -> str:
    reference, now = office.new_id(), office.now()
    await authorizations.add(
        conn,
        reference,
        token_id=token.id,
        cpo=cpo,
        location_id=location_id,
        given_at=now,
        until=now + _GOOD_FOR,
    )
    return reference


async def first_given(
    conn: Hot, token: TokenRow, *, cpo: Party, session_id: str | None, started_at: datetime
) -> datetime | None:
    """When a CPO was first told yes for a session that began then, under whatever reference."""
    return await authorizations.first_given(
        conn,
        token.id,
        cpo=cpo,
        session_id=session_id,
        start=started_at,
        by=started_at + _SLACK,
    )


def misfit(
    permission: Permission | None,
    *,
    token: TokenRow,
    cpo: Party,
    location_id: str,
    started_at: datetime | None,
    ended_at: datetime | None,
    permitted: bool,
) -> str | None:
    """Why a permission is none for a session, or None where it is; one that was asked for again
    later is, when its CPO was `permitted` from the beginning."""
    if permission is None:
        return "was never given"
    if permission.driver_id != token.driver_id or permission.token_uid not in (
        None,
        token.uid.lower(),
    ):
        return "was given for another token"
    if permission.cpo != cpo.key:
        return f"was given to {permission.cpo.upper()}"
    if permission.location_id not in (None, location_id.lower()):
        return f"was given for the Location {permission.location_id!r}"
    if started_at is not None and started_at > permission.until:
        return "had expired when the session began"
    if ended_at is not None and ended_at < permission.given_at - _SLACK:
        return "was given after the session"
    if started_at is not None and started_at < permission.given_at - _SLACK and not permitted:
        return "was given after the session began"
    return None
