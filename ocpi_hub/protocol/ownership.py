"""Whose an object is: URL, body and sender name the owner, and have to agree.

Pure functions over a Message. Each failure is an OcpiError with the code of its row in the tables
of the specification: 404 for an owner the sender may not act for, 2001 for a contradiction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ocpi_hub.protocol.errors import InvalidParameters, ObjectNotFound
from ocpi_hub.protocol.message import Message
from ocpi_hub.protocol.modules import Kind
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.v2_2_1.tokens import TokenType

# The field of a pushed object that repeats the last id of its URL.
_ID_FIELDS = {
    "location_id": "id",
    "evse_uid": "uid",
    "connector_id": "id",
    "session_id": "id",
    "tariff_id": "id",
    "token_uid": "uid",
    "problem_id": "id",
    "answer_id": "id",
}


def owner_in_body(document: object) -> Party | None:
    """The owner a body names, if it does."""
    if not isinstance(document, Mapping):
        return None
    country_code, party_id = document.get("country_code"), document.get("party_id")
    if not isinstance(country_code, str) or not isinstance(party_id, str):
        return None
    return Party(country_code, party_id)


def check_owner(message: Message, sender: Party) -> None:
    """URL, body and OCPI-from agree on the owner, and body and URL on the id (OWN-02, OWN-04)."""
    owner = message.owner
    if owner is not None and owner != sender:
        raise ObjectNotFound(f"{owner} in the URL is not the party that speaks, {sender}")
    if not isinstance(message.document, Mapping):
        return
    if message.operation.kind in (Kind.WRITE, Kind.EVENT):
        _check_body_owner(message, sender)
        _check_ids(message)
    if message.operation.module == "commands":
        _check_own_token(message.document.get("token"), sender)


def _check_body_owner(message: Message, sender: Party) -> None:
    for field, expected in (("country_code", sender.country_code), ("party_id", sender.party_id)):
        given = message.document.get(field)
        if isinstance(given, str) and given.lower() != expected.lower():
            raise InvalidParameters(f"{field}: {given!r} does not match {expected!r}")


def _check_ids(message: Message) -> None:
    if not message.operation.segments:
        return
    name = message.operation.segments[-1].strip("{}")
    field = _ID_FIELDS.get(name)
    if field is None:
        return
    given = message.document.get(field)
    if isinstance(given, str) and given.lower() != message.params[name].lower():
        raise InvalidParameters(
            f"{field}: {given!r} does not match {message.params[name]!r} in the URL"
        )
    if name == "token_uid":
        _check_token_type(message)


def _check_token_type(message: Message) -> None:
    """TOK-01, TOK-02: the URL's type is RFID where it names none, but a new object's own counts."""
    asked, given = message.arguments.type, message.document.get("type")
    if asked is None and message.operation.patch:
        asked = TokenType.RFID
    if asked is not None and given is not None and asked != given:
        raise InvalidParameters(f"type: {given!r} does not match {asked.value!r} in the URL")


def _check_own_token(token: Any, sender: Party) -> None:
    """CMD-10: an eMSP starts sessions with its own tokens only."""
    owner = owner_in_body(token)
    if owner is not None and owner != sender:
        raise InvalidParameters(f"token: is owned by {owner}, not by {sender}")


def token_owner(document: Mapping[str, Any], field: str = "cdr_token") -> Party | None:
    """The eMSP whose token a Session or CDR was made with."""
    return owner_in_body(document.get(field))
