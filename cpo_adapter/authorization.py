"""Whether a token may charge: decided here where that is allowed, else asked of its eMSP.

2.2.1 tokens, WhitelistType: ALWAYS is never asked for, NEVER always, ALLOWED is our choice (we do
not ask), ALLOWED_OFFLINE is asked for and let in when nobody answers (TOK-08 to TOK-10).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from cpo_adapter import aliases
from cpo_adapter.ocpp.answers import Authorization, AuthorizationStatus
from cpo_adapter.ocpp.events import IdToken
from cpo_adapter.ocpp.version import Version
from cpo_adapter.store import aliases as alias_store
from cpo_adapter.store import places
from cpo_adapter.store import tokens as token_store
from cpo_adapter.store.aliases import Alias
from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.protocol.errors import InvalidParameters, UnknownToken
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.v2_2_1.cdrs import AuthMethod
from ocpi_hub.protocol.v2_2_1.tokens import AllowedType, AuthorizationInfo, TokenType, WhitelistType
from ocpi_hub.protocol.validation import check

log = logging.getLogger(__name__)

# A group is told to stations as a token of its own, which has a length.
_LONGEST_GROUP = {Version.V16: 20, Version.V201: 36}
_NO_TOKEN = "NoAuthorization"
_LOCAL = {
    "Accepted": AuthorizationStatus.ACCEPTED,
    "Blocked": AuthorizationStatus.BLOCKED,
    "Expired": AuthorizationStatus.EXPIRED,
}
_ALLOWED = {
    AllowedType.ALLOWED: AuthorizationStatus.ACCEPTED,
    AllowedType.BLOCKED: AuthorizationStatus.BLOCKED,
    AllowedType.EXPIRED: AuthorizationStatus.EXPIRED,
    AllowedType.NO_CREDIT: AuthorizationStatus.NO_CREDIT,
    AllowedType.NOT_ALLOWED: AuthorizationStatus.NOT_AT_THIS_LOCATION,
}


class AskOwner(Protocol):
    """Real-time authorization by OCPI."""

    async def __call__(
        self,
        uid: str,
        *,
        type_: str,
        owner: Party | None,
        references: Mapping[str, Any] | None,
    ) -> Mapping[str, Any] | None:
        """The AuthorizationInfo of a token; None when nobody could be reached.

        Without an owner whoever knows the token is asked. UnknownToken: it is nobody's.
        """
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What the owner of a token, or anybody if it is None, has to be asked."""

    uid: str
    type_: str
    owner: Party | None
    references: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether a token may charge, whose it is, and by what; `ours`: nobody is billed.

    With a `question` the status is what holds when it is not answered.
    """

    status: AuthorizationStatus
    owner: str | None = None
    token: Mapping[str, Any] | None = None
    auth_method: AuthMethod | None = None
    authorization_reference: str | None = None
    ours: bool = False
    question: Question | None = None

    @property
    def accepted(self) -> bool:
        """Whether it may charge."""
        return self.status is AuthorizationStatus.ACCEPTED

    def told(self, version: Version) -> Authorization:
        """What the station is answered."""
        group = (self.token or {}).get("group_id")
        if not group or len(group) > _LONGEST_GROUP[version]:
            return Authorization(self.status)
        named = aliases.id_token(group, version=version, card=False)
        return Authorization(self.status, group=named)


async def decide(
    conn: Hot, id_token: IdToken | None, *, station_id: str, at: datetime, ask_anybody: bool
) -> Decision:
    """What is known of a token; `ask_anybody`: one that nobody told us of may be somebody's."""
    if id_token is None or not id_token.value:
        return _without_token(id_token)
    local = await token_store.local(conn, id_token.value)
    if local is not None:
        return Decision(status=_LOCAL[local.status], ours=True)
    alias = await alias_store.find(conn, id_token.value)
    if alias is not None and (alias.expires_at is None or at <= alias.expires_at):
        return _granted(alias)
    known = await token_store.by_uid(conn, id_token.value)
    if known:
        owner, token = Party.of_key(known[0].owner), known[0].document
    elif alias is not None:
        owner, token = Party.of_key(alias.owner), alias.token
    elif ask_anybody:
        references = await _references(conn, station_id)
        question = Question(id_token.value, TokenType.RFID, None, references)
        return Decision(status=AuthorizationStatus.UNKNOWN, question=question)
    else:
        return Decision(status=AuthorizationStatus.UNKNOWN)
    return _by_whitelist(owner, token, await _references(conn, station_id))


async def authorize(
    db: Database,
    id_token: IdToken,
    *,
    station_id: str,
    now: datetime,
    ask: AskOwner,
    timeout: float,
    window: timedelta,
) -> Decision:
    """The decision on a token that is held before a reader, asked for where it has to be.

    What an eMSP allows is remembered for the start that follows.
    """
    async with db.hot() as conn:
        decision = await decide(conn, id_token, station_id=station_id, at=now, ask_anybody=True)
    answered = await asked(decision, ask=ask, timeout=timeout)
    if answered.auth_method is AuthMethod.AUTH_REQUEST and decision.question is not None:
        await _remember(db, id_token, answered, station_id=station_id, now=now, window=window)
    return answered


async def asked(decision: Decision, *, ask: AskOwner, timeout: float) -> Decision:
    """The decision with its question answered, or as it stands when that takes too long.

    No connection to the database is held meanwhile.
    """
    question = decision.question
    if question is None:
        return decision
    try:
        async with asyncio.timeout(timeout):
            info = await ask(
                question.uid,
                type_=question.type_,
                owner=question.owner,
                references=question.references,
            )
    except TimeoutError:
        info = None
    except UnknownToken:
        return replace(decision, status=AuthorizationStatus.UNKNOWN, question=None)
    return decision if info is None else _answered(decision, info, question)


def _without_token(id_token: IdToken | None) -> Decision:
    """A button instead of a token: whoever built it so lets everybody charge."""
    free = id_token is not None and id_token.type == _NO_TOKEN
    status = AuthorizationStatus.ACCEPTED if free else AuthorizationStatus.UNKNOWN
    return Decision(status=status, ours=free)


def _granted(alias: Alias) -> Decision:
    method = AuthMethod.AUTH_REQUEST if alias.command_id is None else AuthMethod.COMMAND
    return Decision(
        status=AuthorizationStatus.ACCEPTED,
        owner=alias.owner,
        token=alias.token,
        auth_method=method,
        authorization_reference=alias.authorization_reference,
    )


def _by_whitelist(
    owner: Party, token: Mapping[str, Any], references: Mapping[str, Any] | None
) -> Decision:
    accepted = Decision(
        status=AuthorizationStatus.ACCEPTED,
        owner=owner.key,
        token=token,
        auth_method=AuthMethod.WHITELIST,
    )
    refused = replace(accepted, status=AuthorizationStatus.BLOCKED, auth_method=None)
    question = Question(token["uid"], token["type"], owner, references)
    otherwise = accepted if token["valid"] else refused
    match WhitelistType(token["whitelist"]):
        case WhitelistType.ALWAYS:
            return otherwise
        case WhitelistType.ALLOWED:
            return accepted if token["valid"] else replace(refused, question=question)
        case WhitelistType.ALLOWED_OFFLINE:
            return replace(otherwise, question=question)
        case WhitelistType.NEVER:
            return replace(refused, question=question)


def _answered(decision: Decision, info: Mapping[str, Any], question: Question) -> Decision:
    """What the eMSP said. An answer that OCPI does not have is none."""
    try:
        check(AuthorizationInfo, info)
    except InvalidParameters as error:
        log.warning("an AuthorizationInfo was not understood", extra={"reason": error.message})
        return decision
    token = info["token"]
    owner = Party(token["country_code"], token["party_id"])
    if question.owner is not None and owner != question.owner:
        log.warning("an AuthorizationInfo is about the token of another party")
        return decision
    return Decision(
        status=_status(info, question),
        owner=owner.key,
        token=token,
        auth_method=AuthMethod.AUTH_REQUEST if info["allowed"] == AllowedType.ALLOWED else None,
        authorization_reference=info.get("authorization_reference"),
    )


def _status(info: Mapping[str, Any], question: Question) -> AuthorizationStatus:
    """2.2.1 tokens, AuthorizationInfo: `location` has the EVSEs at which the token may charge."""
    status = _ALLOWED[AllowedType(info["allowed"])]
    allowed = (info.get("location") or {}).get("evse_uids")
    wanted = (question.references or {}).get("evse_uids")
    if status is not AuthorizationStatus.ACCEPTED or not allowed or not wanted:
        return status
    here = {each.lower() for each in wanted} & {each.lower() for each in allowed}
    return status if here else AuthorizationStatus.NOT_AT_THIS_LOCATION


async def _references(conn: Hot, station_id: str) -> dict[str, Any] | None:
    location_id, evse_uids = await places.evse_uids(conn, station_id)
    if location_id is None:
        return None
    return {"location_id": location_id, "evse_uids": evse_uids}


async def _remember(
    db: Database,
    id_token: IdToken,
    decision: Decision,
    *,
    station_id: str,
    now: datetime,
    window: timedelta,
) -> None:
    if decision.owner is None or decision.token is None or not decision.accepted:
        return
    grant = aliases.Grant(
        Party.of_key(decision.owner), decision.token, decision.authorization_reference
    )
    async with db.hot() as conn:
        await aliases.keep(
            conn,
            grant,
            id_token.value,
            station_id=station_id,
            now=now,
            expires_at=now + window,
        )
