"""Who is shown a Location: everybody, or the owners of the Tokens that it names, or nobody.

Source: 2.2.1 locations, `publish`, `publish_allowed_to` and PublishTokenType.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from emsp_adapter.network.audience import is_shown
from emsp_adapter.network.places import parse_key, unknown
from emsp_adapter.office import Office
from emsp_adapter.store import places, search, tokens
from emsp_adapter.store.search import Place
from ocpi_hub.node.engine import Hot

# Neither a uid nor an issuer can have it, so that no uid ends in the name of an issuer.
_BETWEEN = "\n"


async def place(conn: Hot, office: Office, key: str, driver_id: str | None) -> Place:
    """The place of that public id as the driver sees it, or an app that speaks for itself;
    UnknownPlace where there is none, or one that is not shown, which looks the same."""
    party, location_id = parse_key(key)
    if not is_shown(office.side.peers, party):
        raise unknown(key)
    for found in await search.of(conn, [(party.key, location_id.lower())]):
        if found.published or is_named(found, await tokens_of(conn, driver_id)):
            return found
    raise unknown(key)


def is_named(place: Place, names: Collection[str]) -> bool:
    """Whether a Location that is not published is shown to the owner of these tokens."""
    return not set(names).isdisjoint(place.allowed_to)


def allowed_to(location: Mapping[str, Any]) -> list[str]:
    """The names of the tokens whose owners alone are shown a Location."""
    named = () if location["publish"] else location.get("publish_allowed_to") or ()
    return sorted(
        {_name(each["type"], each["uid"], each.get("issuer")) for each in named if _is_ours(each)}
    )


async def tokens_of(conn: Hot, driver_id: str | None) -> tuple[str, ...]:
    """The names of the driver's tokens that some Location names; for most drivers there is none."""
    if driver_id is None:
        return ()
    documents = [each.document for each in await tokens.proven(conn, driver_id)]
    names = [_name(each["type"], each["uid"]) for each in documents]
    names += [_name(each["type"], each["uid"], each["issuer"]) for each in documents]
    return await places.naming_tokens(conn, names)


def _is_ours(named: Mapping[str, Any]) -> bool:
    """All the fields that are set have to match, and our Tokens have no number and no group."""
    return bool(named.get("uid") and not named.get("visual_number") and not named.get("group_id"))


def _name(type_: str, uid: str, issuer: str | None = None) -> str:
    return _BETWEEN.join(each.lower() for each in (type_, uid, issuer) if each)
