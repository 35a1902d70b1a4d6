"""What everybody may know: Locations, Tariffs and Tokens, written by broadcasts, served by GET All.

A write is committed before it is answered; the fan-out tells the receivers from the rows. What the
store does is in ocpi_hub.store; this maps operations to it and outcomes to answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ocpi_hub.listing import Served, page_reply, window_of
from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.node.group_commit import GroupCommit
from ocpi_hub.protocol.errors import (
    ClientError,
    ObjectNotFound,
    UnknownLocation,
    UnknownReceiver,
)
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.routing import Lookup
from ocpi_hub.store import evses, locations, pages, reads, tariffs, tokens
from ocpi_hub.store.outcomes import Outcome
from ocpi_hub.store.patches import Patch

Write = Callable[["Catalogue", Message, Party], Awaitable[Outcome]]

# The levels below a Location, as they stand in its URL.
_LEVELS = ("location_id", "evse_uid", "connector_id")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Stored objects of all owners. `changed` hears of each write, by module."""

    db: Database
    served: Served
    patches: GroupCommit[Patch, Outcome]
    changed: Callable[[str], None]
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    # --- writing -------------------------------------------------------------------------------

    async def write(self, message: Message, owner: Party) -> Reply:
        """Store a broadcast and answer it; receivers hear of it later (RTE-12)."""
        operation = message.operation
        write = _WRITES[operation.module, operation.method, _level(message)]
        outcome = await write(self, message, owner)
        if outcome in (Outcome.CREATED, Outcome.UPDATED):
            self.changed(operation.module)
        return _answer(message, outcome)

    async def _put_location(self, message: Message, owner: Party) -> Outcome:
        return await self._whole(locations.put_location, message, owner)

    async def _put_evse(self, message: Message, owner: Party) -> Outcome:
        return await self._whole(evses.put_evse, message, owner, _ids(message, 1))

    async def _put_connector(self, message: Message, owner: Party) -> Outcome:
        return await self._whole(evses.put_connector, message, owner, _ids(message, 2))

    async def _patch_location(self, message: Message, owner: Party) -> Outcome:
        if message.document.keys() & {"evses", "time_zone"}:
            return await self._whole(locations.patch_location, message, owner, _ids(message, 1))
        return await self._quick(message, owner, message.params["location_id"])

    async def _patch_evse(self, message: Message, owner: Party) -> Outcome:
        if "connectors" in message.document:
            return await self._whole(evses.patch_evse, message, owner, _ids(message, 2))
        location_id, evse_uid = _ids(message, 2)
        return await self._quick(message, owner, location_id, evse_uid)

    async def _patch_connector(self, message: Message, owner: Party) -> Outcome:
        return await self._whole(evses.patch_connector, message, owner, _ids(message, 3))

    async def _put_tariff(self, message: Message, owner: Party) -> Outcome:
        return await self._whole(tariffs.put_tariff, message, owner)

    async def _delete_tariff(self, message: Message, owner: Party) -> Outcome:
        async with self.db.hot_transaction() as conn:
            return await tariffs.delete_tariff(
                conn,
                owner.key,
                tariff_id=message.params["tariff_id"],
                correlation_id=message.correlation_id,
            )

    async def _put_token(self, message: Message, owner: Party) -> Outcome:
        return await self._whole(tokens.put_token, message, owner)

    async def _patch_token(self, message: Message, owner: Party) -> Outcome:
        return await self._quick(message, owner, message.params["token_uid"], _type(message))

    async def _whole(
        self,
        step: Callable[..., Awaitable[Outcome]],
        message: Message,
        owner: Party,
        ids: Sequence[str] = (),
    ) -> Outcome:
        async with self.db.hot_transaction() as conn:
            return await step(
                conn,
                owner.key,
                *ids,
                document=_stamped(message, self.now()),
                correlation_id=message.correlation_id,
            )

    async def _quick(self, message: Message, owner: Party, id_: str, sub: str = "") -> Outcome:
        document = _stamped(message, self.now())
        unchanged = document is message.document
        return await self.patches.submit(
            Patch.of(
                message.operation.module,
                owner.key,
                id_,
                sub=sub,
                patch=document,
                text=(message.body if unchanged else dumps(document)).decode("utf-8-sig"),
                correlation_id=message.correlation_id,
            )
        )

    # --- reading -------------------------------------------------------------------------------

    async def page(self, message: Message, owners: Sequence[str]) -> Reply:
        """A page of GET All: what these owners have, oldest first."""
        async with self.db.hot() as conn:
            found = await pages.page(
                conn,
                message.operation.module,
                owners=owners,
                window=window_of(message),
                by_arrival=self.served.by_arrival,
            )
        return page_reply(message, self.served, found)

    async def own(self, message: Message, owner: Party) -> Reply:
        """One object, for its owner."""
        found = await self._find(message, [owner.key])
        if not found:
            raise _unknown(message)
        return Reply(data=found[0][1])

    async def one(self, message: Message, owners: Sequence[str]) -> Reply:
        """One object that exactly one visible owner has (RTE-25)."""
        found = await self._find(message, owners)
        if not found:
            raise _unknown(message)
        if len(found) > 1:
            names = ", ".join(owner.upper() for owner, _ in found)
            raise UnknownReceiver(f"this id is known of several parties: {names}")
        return Reply(data=found[0][1])

    async def _find(self, message: Message, owners: Sequence[str]) -> list[tuple[str, bytes]]:
        params = message.params
        async with self.db.hot() as conn:
            match message.operation.module:
                case "tariffs":
                    return await reads.find_tariff(conn, params["tariff_id"], owners=owners)
                case "tokens":
                    return await reads.find_token(
                        conn, params["token_uid"], type_=_type(message), owners=owners
                    )
                case _:
                    ids = [params[name] for name in _LEVELS if name in params]
                    return await _find_location(conn, ids, owners)

    async def owners(self, message: Message, lookup: Lookup) -> list[Party]:
        """Whose a Location, Tariff or Token is, for open routing."""
        params, document = message.params, message.document or {}
        async with self.db.hot() as conn:
            match lookup:
                case Lookup.TOKEN:
                    keys = await reads.owners_of_token(
                        conn, params["token_uid"], type_=_type(message)
                    )
                case Lookup.TARIFF:
                    keys = await reads.owners_of_tariff(conn, params["tariff_id"])
                case _:
                    keys = await reads.owners_of_location(
                        conn,
                        params.get("location_id") or document["location_id"],
                        evse_uid=params.get("evse_uid") or document.get("evse_uid"),
                    )
        return [Party.of_key(key) for key in keys]


async def _find_location(
    conn: Hot, ids: Sequence[str], owners: Sequence[str]
) -> list[tuple[str, bytes]]:
    match ids:
        case [location_id]:
            return await reads.find_location(conn, location_id, owners=owners)
        case [location_id, evse_uid]:
            return await reads.find_evse(conn, location_id, evse_uid=evse_uid, owners=owners)
        case [location_id, evse_uid, connector_id]:
            return await reads.find_connector(
                conn, location_id, evse_uid=evse_uid, connector_id=connector_id, owners=owners
            )
    raise ClientError("a Location has three levels")


_WRITES: Mapping[tuple[str, str, str], Write] = {
    ("locations", "PUT", "location_id"): Catalogue._put_location,
    ("locations", "PUT", "evse_uid"): Catalogue._put_evse,
    ("locations", "PUT", "connector_id"): Catalogue._put_connector,
    ("locations", "PATCH", "location_id"): Catalogue._patch_location,
    ("locations", "PATCH", "evse_uid"): Catalogue._patch_evse,
    ("locations", "PATCH", "connector_id"): Catalogue._patch_connector,
    ("tariffs", "PUT", "tariff_id"): Catalogue._put_tariff,
    ("tariffs", "DELETE", "tariff_id"): Catalogue._delete_tariff,
    ("tokens", "PUT", "token_uid"): Catalogue._put_token,
    ("tokens", "PATCH", "token_uid"): Catalogue._patch_token,
}


def _level(message: Message) -> str:
    return message.operation.segments[-1].strip("{}")


def _ids(message: Message, levels: int) -> list[str]:
    return [message.params[name] for name in _LEVELS[:levels]]


def _type(message: Message) -> str:
    """TOK-01: without ?type= it is RFID, but a body's own type counts (TOK-02)."""
    if message.arguments.type is not None:
        return message.arguments.type.value
    given = message.document.get("type") if isinstance(message.document, Mapping) else None
    return given if isinstance(given, str) else "RFID"


def _stamped(message: Message, now: datetime) -> dict[str, Any]:
    """The document; a PATCH that may lack last_updated (a quirk) gets the moment of arrival."""
    document: dict[str, Any] = message.document
    if message.operation.patch and "last_updated" not in document:
        return document | {"last_updated": format_datetime(now)}
    return document


def _answer(message: Message, outcome: Outcome) -> Reply:
    findings = "; ".join(message.findings) or None
    match outcome:
        case Outcome.CREATED:
            return Reply(http_status=201, message=findings)
        case Outcome.UPDATED | Outcome.UNCHANGED:
            return Reply(message=findings)
        case Outcome.STALE:
            return Reply(message="stale: a newer last_updated is stored, nothing changed")
        case Outcome.UNKNOWN:
            raise _unknown(message)


def _unknown(message: Message) -> ObjectNotFound | UnknownLocation:
    """STA-17, STA-21: 404, with 2003 for a Location and what is below it."""
    ids = "/".join(
        message.params[name] for name in message.params if name not in ("country_code", "party_id")
    )
    what = f"{message.operation.module} {ids!r} is not known"
    if message.operation.module == "locations":
        return UnknownLocation(what, http_status=404)
    return ObjectNotFound(what)
