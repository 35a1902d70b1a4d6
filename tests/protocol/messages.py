"""A message for each row of the module table: its path, query and body filled with the samples."""

from __future__ import annotations

from typing import Any

from ocpi_hub.protocol.arguments import read
from ocpi_hub.protocol.jsontext import dumps, loads
from ocpi_hub.protocol.message import Message
from ocpi_hub.protocol.modules import OPERATIONS, Kind, Operation, ResponseUrl
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.urls import segment
from tests import samples
from tests.protocol.catalogue import SAMPLES

CPO = Party("NL", "CPO")
EMSP = Party("DE", "EMS")
HUB = Party("NL", "HUB")

ROWS = {row.operation_id: row for row in OPERATIONS}

_IDS = {
    "location_id": "LOC1",
    "evse_uid": "EVSE1",
    "connector_id": "1",
    "session_id": "SESSION1",
    "tariff_id": "TARIFF1",
    "token_uid": "04A1B2C3D4E5F6",
    "cdr_reference": "CDR1",
    "command": "START_SESSION",
    "result_id": "4711",
}


def caller_of(row: Operation) -> Party:
    """The sample party that sends a row."""
    return CPO if "CPO" in row.callers else EMSP


def receiver_of(row: Operation) -> Party:
    """The sample party that a row is addressed to."""
    return CPO if "CPO" in row.receivers else EMSP


def params_of(row: Operation) -> dict[str, str]:
    """The path parameters of a row; the owner is its caller."""
    owner = caller_of(row)
    ids = _IDS | {"country_code": owner.country_code, "party_id": owner.party_id}
    names = (part.strip("{}") for part in row.segments if part.startswith("{"))
    return {name: ids[name] for name in names}


def tail_of(row: Operation) -> str:
    """The path of a row after the endpoint."""
    params = params_of(row)
    return "/".join(
        segment(params[part.strip("{}")]) if part.startswith("{") else part for part in row.segments
    )


def path_of(row: Operation) -> str:
    """The whole path of a row, as the services mount it."""
    side = "" if row.kind is Kind.CONFIG else f"/{row.interface.lower()}"
    return f"/ocpi{side}/2.2.1/{row.module}/{tail_of(row)}".rstrip("/")


def query_of(row: Operation) -> str:
    """The query that a row needs."""
    if row.module == "sessions" and row.kind is Kind.LIST:
        return "date_from=2026-01-01T00:00:00Z"
    if row.response_url is not ResponseUrl.QUERY:
        return ""
    url = f"response_url={segment(samples.RESPONSE_URL)}"
    return f"duration=900&{url}" if "duration" in row.query else url


def document_of(row: Operation) -> dict[str, Any] | None:
    """The body of a row; of a PATCH only what changed."""
    if row.body is None:
        return None
    whole = SAMPLES[row.body.__name__]
    return {"last_updated": whole["last_updated"]} if row.patch else whole


def message(row: Operation, **fields: Any) -> Message:
    """A message of a row from its caller, without OCPI-to; any field of it overridden by name.

    `document` given alone becomes the body too.
    """
    document = fields.pop("document", document_of(row))
    query = fields.pop("query", query_of(row))
    body = b"" if document is None else dumps(document)
    given: dict[str, Any] = {
        "request_id": "request-1",
        "correlation_id": "correlation-1",
        "tail": tail_of(row),
        "query": query,
        "arguments": read(row, query),
        "params": params_of(row),
        "sender": caller_of(row),
        "body": body,
        "document": None if document is None else loads(body),
    }
    return Message(row, **(given | fields))


def row(module: str, side: str, method: str, path: str = "") -> Operation:
    """A row by the words of the table."""
    found = ROWS[_operation_id(module, side, method, path)]
    assert found.path == path
    return found


def _operation_id(module: str, side: str, method: str, path: str) -> str:
    return Operation(module, Interface(side), method, path, Kind.CALL).operation_id
