"""Whose a Session or a CDR is: the token it was made with has to be one of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emsp_adapter.office import Office
from emsp_adapter.store import tokens
from emsp_adapter.store.tokens import TokenRow
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.ownership import token_owner


async def own_token(conn: Hot, office: Office, document: Mapping[str, Any]) -> TokenRow:
    """The token of a Session or CDR; 2001 naming the field where it is not ours (CDR-27)."""
    owner, ours = token_owner(document), office.settings.party
    if owner != ours:
        raise InvalidParameters(
            f"cdr_token.party_id: expected a token of {ours}, got one of {owner}"
        )
    named = document["cdr_token"]
    found = await tokens.find(
        conn, uid=named["uid"], type_=named["type"], contract_id=named["contract_id"]
    )
    if found is None:
        raise InvalidParameters(
            f"cdr_token.uid: {ours} has no {named['type']} token {named['uid']!r}"
        )
    return found
