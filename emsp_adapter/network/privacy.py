"""Who is shown a Location that is not published: the owners of the Tokens that it names.

Source: 2.2.1 locations, `publish_allowed_to` and PublishTokenType.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emsp_adapter.store import places, tokens
from ocpi_hub.node.engine import Hot


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
    documents = [each.document for each in await tokens.in_use(conn, driver_id)]
    names = [_name(each["type"], each["uid"]) for each in documents]
    names += [_name(each["type"], each["uid"], each["issuer"]) for each in documents]
    return await places.naming_tokens(conn, names)


def _is_ours(named: Mapping[str, Any]) -> bool:
    """All the fields that are set have to match, and our Tokens have no number and no group."""
    return bool(named.get("uid") and not named.get("visual_number") and not named.get("group_id"))


def _name(type_: str, uid: str, issuer: str | None = None) -> str:
    return ":".join(each.lower() for each in (type_, uid, issuer) if each)
