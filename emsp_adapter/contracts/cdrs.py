"""CDRs as CPOs send them: kept before they are answered, never changed, and billed once.

Source: 2.2.1 CDRs, Receiver interface. What is thought of them is for `clearing`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

from emsp_adapter.asking import Asking
from emsp_adapter.contracts.own_tokens import own_token
from emsp_adapter.office import Office
from emsp_adapter.store import cdrs as store
from emsp_adapter.store.cdrs import CdrDraft, CdrRow, CreditedBefore
from ocpi_hub.node.engine import Hot
from ocpi_hub.peering.serving import viewers
from ocpi_hub.pricing.rules import moment_of
from ocpi_hub.protocol.errors import InvalidParameters, ObjectNotFound
from ocpi_hub.protocol.jsontext import dumps, same
from ocpi_hub.protocol.message import Reply
from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.ownership import owner_in_body
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.v2_2_1.cdrs import CDR
from ocpi_hub.protocol.validation import check

log = logging.getLogger(__name__)

_POST = operation("cdrs", Interface.RECEIVER, "POST")


async def post(office: Office, asking: Asking) -> Reply:
    """1000 once the CDR is on disk, with the Location it has here; the same again is no other."""
    owner = owner_in_body(asking.document) or asking.sender
    kept, new = await _keep(office, owner, asking.document, raw=asking.message.body)
    url = f"{office.side.identity.endpoint(_POST)}/{kept.id}"
    return Reply(http_status=201 if new else 200, headers=(("Location", url),))


async def show(office: Office, asking: Asking) -> Reply:
    """The CDR at a Location of ours, as it came; 404 for everybody but its CPO."""
    async with office.db.hot() as conn:
        found = await store.get(conn, asking.param("cdr_reference"))
        if found is None or found.party not in viewers(asking.sender, asking.peer):
            raise ObjectNotFound("there is no CDR of yours at this URL")
        return Reply(data=await store.raw(conn, found.id))


async def keep(office: Office, owner: Party, document: Mapping[str, Any]) -> None:
    """Keep a CDR out of a list; one that is known stays as it is."""
    check(CDR, document)
    await _keep(office, owner, document, raw=dumps(document))


async def _keep(
    office: Office, owner: Party, document: Mapping[str, Any], *, raw: bytes
) -> tuple[CdrRow, bool]:
    """The CDR as it is kept, and whether it is new; 2001 where its id has other content."""
    try:
        async with office.db.hot_transaction() as conn:
            return await _added(conn, office, owner, document, raw)
    except CreditedBefore as error:
        raise InvalidParameters(
            f"credit_reference_id: CDR {document['credit_reference_id']!r} was credited before"
        ) from error


async def _added(
    conn: Hot, office: Office, owner: Party, document: Mapping[str, Any], raw: bytes
) -> tuple[CdrRow, bool]:
    token = await own_token(conn, office, document)
    draft = CdrDraft(
        id=office.new_id(),
        owner=owner,
        document=document,
        raw=raw,
        sha256=hashlib.sha256(raw).digest(),
        driver_id=token.driver_id,
        token_id=token.id,
        started_at=moment_of(document, "start_date_time"),
        ended_at=moment_of(document, "end_date_time"),
        received_at=office.now(),
    )
    new = await store.add(conn, draft)
    kept = await store.find(conn, owner, document["id"])
    if kept is None:
        raise LookupError(f"CDR {document['id']} was neither kept nor known")
    if not new and not same(_folded(kept.document), _folded(document)):
        log.warning(
            "a CDR came again with other content",
            extra={"cpo": str(owner), "cdr": document["id"], "sha256": draft.sha256.hex()},
        )
        raise InvalidParameters(
            f"id: CDR {document['id']!r} was sent before with other content; a CDR never changes"
        )
    return kept, new


def _folded(document: Mapping[str, Any]) -> dict[str, Any]:
    """Ids are the same in whatever case they are spelled."""
    return {**document, "id": document["id"].lower()}
