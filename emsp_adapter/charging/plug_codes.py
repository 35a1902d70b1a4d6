"""Short names of plugs, as on a sticker with a QR code.

A name is made of the plug's ids and stays the same, also on another database. It leads to a page of
ours and nowhere else: whoever prints a sticker of their own can only name a plug.
"""

from __future__ import annotations

import base64
import hashlib
import io
from itertools import count

import segno

from emsp_adapter.network import places
from emsp_adapter.network.places import Plug
from emsp_adapter.store import plug_codes as store
from emsp_adapter.store.plug_codes import PlugCode
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import ObjectNotFound
from ocpi_hub.protocol.party import Party

_LENGTH = 10


async def code_of(conn: Hot, plug: Plug) -> str:
    """The plug's name, given now if it has none."""
    ids = (plug.party.key, plug.location_id, plug.evse_uid, plug.connector_id)
    for attempt in count():
        code = _derived(ids, attempt)
        if await store.add(conn, PlugCode(code, *ids)):
            return code
    raise AssertionError("count() does not end")


async def plug_of(conn: Hot, code: str) -> Plug:
    """The plug of that name; 404 where there is none, or no longer."""
    found = await store.find(conn, code.lower())
    if found is None:
        raise ObjectNotFound(f"code: there is no charging point {code[:20]!r}")
    key = places.key_of(Party.of_key(found.party), found.location_id)
    return await places.plug(conn, key, found.evse_uid, found.connector_id)


def url_of(public_url: str, code: str) -> str:
    """What the QR code says."""
    return f"{public_url}/g/{code}"


def svg(url: str) -> bytes:
    """The QR code as a picture that can be printed in any size."""
    written = io.BytesIO()
    segno.make(url, error="m", micro=False).save(written, kind="svg", scale=8, xmldecl=False)
    return written.getvalue()


def _derived(ids: tuple[str, ...], attempt: int) -> str:
    """Letters and digits; another attempt where a plug with other ids has the same name."""
    said = "\n".join((*(each.lower() for each in ids), str(attempt)))
    digest = hashlib.sha256(said.encode()).digest()
    return base64.b32encode(digest).decode().lower()[:_LENGTH]
