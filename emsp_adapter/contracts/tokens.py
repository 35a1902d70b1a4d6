"""Tokens of drivers, as partners see them: the app's own, a guest's, and cards.

Every change is published in the caller's transaction. Source: 2.2.1 tokens, Token object.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from emsp_adapter.contracts.contract_ids import contract_id
from emsp_adapter.money import credit
from emsp_adapter.office import Office
from emsp_adapter.store import tokens as store
from emsp_adapter.store.tokens import Holder, TokenRow
from ocpi_hub.node.engine import Hot
from ocpi_hub.peering.store import published
from ocpi_hub.protocol.errors import InvalidParameters, ObjectNotFound
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.tokens import Token, TokenType, WhitelistType
from ocpi_hub.protocol.validation import check

ACTIVE, BLOCKED, REMOVED = "active", "blocked", "removed"

# The idTag of an OCPP 1.6 charger has 20 characters at most.
_LONGEST_UID = 20
_UID = re.compile(r"[\x21-\x7e]{4,20}")
_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE)
_HEX_LENGTHS = frozenset({8, 14, 20})
_SEPARATORS = re.compile(r"[ :-]")
_MOST_CARDS = 100
_LONGEST_ISSUER = 64

# Cards of drivers without credit, and what is used through an app only, are never trusted unasked.
_PREFIXES = {TokenType.APP_USER: "APP-", TokenType.AD_HOC_USER: "QR-"}


class NoCard(InvalidParameters):
    """It cannot be a card of the driver's."""


class CardInUse(Exception):
    """Somebody has that card already."""


async def app_token(conn: Hot, office: Office, driver_id: str) -> dict[str, Any]:
    """The driver's APP_USER Token, made and published on first use."""
    return await _of_type(conn, office, driver_id, TokenType.APP_USER)


async def guest_token(conn: Hot, office: Office, driver_id: str) -> dict[str, Any]:
    """The AD_HOC_USER Token of a guest, made on first use; nobody is told of it beforehand."""
    return await _of_type(conn, office, driver_id, TokenType.AD_HOC_USER)


async def _of_type(conn: Hot, office: Office, driver_id: str, type_: TokenType) -> dict[str, Any]:
    holder = await _holder(conn, driver_id)
    found = await store.of_type(conn, driver_id, type_=type_)
    if found is None:
        # 2.2.1 tokens, Token: "a uniquely, by the eMSP, generated ID".
        prefix = _PREFIXES[type_]
        random = office.new_id().replace("-", "").upper()
        uid = f"{prefix}{random}"[:_LONGEST_UID]
        found = await _made(conn, office, holder, uid=uid, type_=type_, label=None)
    return found.document


# --- cards ---------------------------------------------------------------------------------------


def card_uid(text: str) -> str:
    """A card's uid as chargers read it; NoCard when it cannot be one."""
    plain = _SEPARATORS.sub("", text)
    if _HEX.fullmatch(plain) and len(plain) in _HEX_LENGTHS:
        return plain.upper()
    if _UID.fullmatch(text) is None:
        raise NoCard(
            f"expected 4 to {_LONGEST_UID} printable characters without spaces, as printed on the"
            " card or read from it"
        )
    return text


async def add_card(
    conn: Hot, office: Office, driver_id: str, *, uid: str, label: str | None
) -> TokenRow:
    """A driver's card, published; the same again is no error. CardInUse when somebody else has it,
    NoCard when it cannot be one or the driver has too many."""
    holder = await _holder(conn, driver_id)
    uid = card_uid(uid)
    cards = await cards_of(conn, driver_id)
    same = next((each for each in cards if each.uid.lower() == uid.lower()), None)
    if same is not None:
        return same
    if len(cards) >= _MOST_CARDS:
        raise NoCard(f"a driver has {_MOST_CARDS} cards at most")
    return await _made(conn, office, holder, uid=uid, type_=TokenType.RFID, label=label)


async def change_card(
    conn: Hot,
    office: Office,
    driver_id: str,
    *,
    card_id: str,
    label: str | None = None,
    blocked: bool | None = None,
) -> TokenRow:
    """A card with another label, blocked or let charge again; ObjectNotFound: not the driver's."""
    holder = await _holder(conn, driver_id)
    found = await card(conn, driver_id, card_id=card_id)
    state = found.state if blocked is None else (BLOCKED if blocked else ACTIVE)
    return await _changed(conn, office, holder, found, state=state, label=label or found.label)


async def remove_card(conn: Hot, office: Office, driver_id: str, *, card_id: str) -> None:
    """A card is the driver's no more; TOK-04: partners are told that it is not valid."""
    holder = await _holder(conn, driver_id)
    found = await card(conn, driver_id, card_id=card_id)
    await _changed(conn, office, holder, found, state=REMOVED, label=found.label)


async def card(conn: Hot, driver_id: str, *, card_id: str) -> TokenRow:
    """One of the driver's cards; ObjectNotFound where it is not one."""
    found = await store.get(conn, card_id)
    if found is None or found.driver_id != driver_id or not _is_card(found):
        raise ObjectNotFound(f"there is no card {card_id!r}")
    return found


async def cards_of(conn: Hot, driver_id: str) -> list[TokenRow]:
    """The driver's cards, the oldest first."""
    return [each for each in await store.of_driver(conn, driver_id) if _is_card(each)]


def _is_card(row: TokenRow) -> bool:
    return row.type == TokenType.RFID and row.state != REMOVED


# --- what partners see ---------------------------------------------------------------------------


async def refresh(conn: Hot, office: Office, driver_id: str) -> None:
    """Tells partners how the driver's tokens stand, after the driver or the credit has changed."""
    holder = await _holder(conn, driver_id)
    for row in await store.of_driver(conn, driver_id):
        # The card of who has left may become somebody else's.
        state = REMOVED if holder.status == "deleted" else row.state
        await _changed(conn, office, holder, row, state=state, label=row.label)


async def _made(
    conn: Hot, office: Office, holder: Holder, *, uid: str, type_: TokenType, label: str | None
) -> TokenRow:
    now = office.now()
    number = await store.next_number(conn)
    contract = contract_id(office.settings.party, number)
    document = await _document(
        conn, office, holder, uid=uid, type_=type_, contract=contract, state=ACTIVE, now=now
    )
    check(Token, document)
    token_id = office.new_id()
    if not await store.add(
        conn, token_id, driver_id=holder.id, document=document, label=label, now=now
    ):
        raise CardInUse(f"the card {uid} is in use already")
    row = TokenRow(token_id, holder.id, type_, label, ACTIVE, contract, document, now)
    await _publish(conn, row, now)
    return row


async def _changed(
    conn: Hot, office: Office, holder: Holder, row: TokenRow, *, state: str, label: str | None
) -> TokenRow:
    now = office.now()
    document = await _document(
        conn,
        office,
        holder,
        uid=row.uid,
        type_=TokenType(row.type),
        contract=row.contract_id,
        state=state,
        now=now,
    )
    stamp = row.document["last_updated"]
    told = document | {"last_updated": stamp} != row.document
    if not told:
        document = row.document
    await store.change(conn, row.id, state=state, label=label, document=document)
    changed = replace(row, label=label, state=state, document=document)
    if told and not await _taken_over(conn, row):
        await _publish(conn, changed, now)
    return changed


async def _taken_over(conn: Hot, row: TokenRow) -> bool:
    """Whether a removed card has become somebody else's."""
    found = await store.find(conn, uid=row.uid, type_=row.type)
    return found is not None and found.id != row.id


async def _document(
    conn: Hot,
    office: Office,
    holder: Holder,
    *,
    uid: str,
    type_: TokenType,
    contract: str,
    state: str,
    now: datetime,
) -> dict[str, Any]:
    party = office.settings.party
    valid = state == ACTIVE and holder.status == "active"
    return {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "uid": uid,
        "type": type_.value,
        "contract_id": contract,
        "issuer": office.settings.name[:_LONGEST_ISSUER],
        "valid": valid,
        "whitelist": (await _whitelist(conn, office, holder, type_)).value,
        "language": holder.locale[:2],
        "last_updated": format_datetime(now),
    }


async def _whitelist(conn: Hot, office: Office, holder: Holder, type_: TokenType) -> WhitelistType:
    """TOK-07: tokens of apps NEVER. A card works while nobody answers, if the driver has credit."""
    if type_ is not TokenType.RFID:
        return WhitelistType.NEVER
    unpaid = await credit.check(conn, office, holder.id)
    return WhitelistType.ALLOWED_OFFLINE if unpaid is None else WhitelistType.NEVER


async def _publish(conn: Hot, row: TokenRow, now: datetime) -> None:
    if row.type == TokenType.AD_HOC_USER:
        return
    await published.publish(
        conn, "tokens", id=row.uid, sub=row.type, document=row.document, last_updated=now
    )


async def _holder(conn: Hot, driver_id: str) -> Holder:
    found = await store.holder(conn, driver_id, lock=True)
    if found is None:
        raise ObjectNotFound(f"there is no driver {driver_id!r}")
    return found
