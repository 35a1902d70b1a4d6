"""Tokens of eMSPs as they send them. What is learnt of a token may prove a session theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from cpo_adapter import sessions
from cpo_adapter.beginnings import UNSETTLED
from cpo_adapter.measuring import save
from cpo_adapter.rules import Rules
from cpo_adapter.store import tokens as store
from cpo_adapter.store import transaction_lists
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import InvalidParameters, UnknownToken
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.patch import merge
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.cdrs import AuthMethod
from ocpi_hub.protocol.v2_2_1.tokens import Token, TokenType, WhitelistType
from ocpi_hub.protocol.validation import check, check_patch

# With these an eMSP answers for what happened while nobody could be asked.
_PROVES = frozenset({WhitelistType.ALWAYS, WhitelistType.ALLOWED_OFFLINE})


async def put(
    conn: Hot,
    owner: Party,
    *,
    uid: str,
    type_: str | None,
    token: Mapping[str, Any],
    rules: Rules,
    now: datetime,
) -> None:
    """Keep a Token that its eMSP pushes; `uid` and `type_` are those of the URL (TOK-02)."""
    check(Token, token)
    _check_owner(owner, token)
    if token["uid"].lower() != uid.lower():
        raise InvalidParameters(f"uid: expected {uid!r} as in the URL, got {token['uid']!r}")
    if type_ is not None and token["type"] != type_:
        raise InvalidParameters(f"type: expected {type_} as in the URL, got {token['type']}")
    await store.put(conn, owner.key, token=token, now=now)
    await _adopt(conn, owner, token, rules=rules, now=now)


async def patch(
    conn: Hot,
    owner: Party,
    *,
    uid: str,
    type_: str | None,
    changes: Mapping[str, Any],
    rules: Rules,
    now: datetime,
) -> None:
    """Change a Token; UnknownToken where there is none."""
    check_patch(Token, changes)
    kind = type_ or TokenType.RFID
    known = await store.get(conn, owner.key, uid=uid, type_=kind, lock=True)
    if known is None:
        raise _unknown(owner, uid, kind)
    if "type" in changes and changes["type"] != kind:
        raise InvalidParameters(f"type: expected {kind}, which the Token is known by")
    if parse_datetime(changes["last_updated"]) < parse_datetime(known["last_updated"]):
        return
    token = merge(known, changes)
    check(Token, token)
    await store.put(conn, owner.key, token=token, now=now)
    await _adopt(conn, owner, token, rules=rules, now=now)


async def get(conn: Hot, owner: Party, *, uid: str, type_: str | None) -> dict[str, Any]:
    """The Token as it is kept; UnknownToken where there is none."""
    kind = type_ or TokenType.RFID
    known = await store.get(conn, owner.key, uid=uid, type_=kind)
    if known is None:
        raise _unknown(owner, uid, kind)
    return known


async def pulled(
    conn: Hot, owner: Party, *, token: Mapping[str, Any], rules: Rules, now: datetime
) -> bool:
    """Whether a Token out of a list was news; what was pushed since is newer and stays."""
    check(Token, token)
    _check_owner(owner, token)
    written = await store.put(conn, owner.key, token=token, now=now, newer_only=True)
    if written:
        await _adopt(conn, owner, token, rules=rules, now=now)
    return written


async def _adopt(
    conn: Hot, owner: Party, token: Mapping[str, Any], *, rules: Rules, now: datetime
) -> None:
    """The sessions that this card began when nobody knew it are its eMSP's after all."""
    if not token["valid"] or token["whitelist"] not in _PROVES or token["type"] != TokenType.RFID:
        return
    for found in await transaction_lists.waiting_for(conn, token["uid"].upper()):
        saved = await save(conn, found, _proven(found, owner, token, rules, now))
        await sessions.tell(conn, saved, rules=rules, now=now)


def _proven(
    found: Transaction, owner: Party, token: Mapping[str, Any], rules: Rules, now: datetime
) -> Transaction:
    kept = [each for each in found.suspicions if each["code"] not in UNSETTLED]
    ended = found.state == "completed"
    place = found.place is not None
    return replace(
        found,
        owner=owner.key,
        token=dict(token),
        auth_method=AuthMethod.WHITELIST,
        suspicions=kept,
        billing="suspect" if kept else ("ok" if place else "unbillable"),
        bill_at=now + rules.billing_grace if ended and place and not kept else None,
    )


def _check_owner(owner: Party, token: Mapping[str, Any]) -> None:
    if Party(token["country_code"], token["party_id"]) != owner:
        raise InvalidParameters(
            f"country_code, party_id: expected {owner}, got"
            f" {token['country_code']}/{token['party_id']}"
        )


def _unknown(owner: Party, uid: str, kind: str) -> UnknownToken:
    return UnknownToken(f"{owner} has no {kind} token {uid!r} here")
