"""Bad bodies at every operation of the table: the right code, the field's name, and nothing else.

Checklist section 5b, STA-18, STA-21, ROB-05 to ROB-07, T26.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable

import pytest

from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.modules import Kind, Operation
from tests.security.defects import Defect, of_fields, of_text
from tests.security.operations import WITH_BODY, sample
from tests.security.scene import Scene, name

_ROUTED = tuple(row for row in WITH_BODY if row.kind is not Kind.CONFIG)


def _cases(defects: Callable[[Operation], Iterable[Defect]]) -> list[object]:
    return [
        pytest.param(operation, defect, id=f"{operation.operation_id}-{defect.title}")
        for operation in WITH_BODY
        for defect in defects(operation)
    ]


async def _send(hub: Scene, operation: Operation, body: object) -> tuple[tuple[int, int], str]:
    answer = await hub.refused(hub.caller(operation), operation.method, hub.path(operation), body)
    return answer.status, answer.message


@pytest.mark.parametrize(("operation", "defect"), _cases(of_text))
async def test_a_body_that_is_no_good_json_is_refused(
    hub: Scene, operation: Operation, defect: Defect
) -> None:
    status, message = await _send(hub, operation, defect.body)

    assert status == defect.status, message
    assert defect.names in message


@pytest.mark.parametrize(("operation", "defect"), _cases(of_fields))
async def test_a_wrong_field_is_2001_and_named(
    hub: Scene, operation: Operation, defect: Defect
) -> None:
    status, message = await _send(hub, operation, defect.body)

    assert status == defect.status, message
    assert defect.names in message


def _valid(hub: Scene, operation: Operation) -> bytes:
    """A body that is taken: where it names a URL for the result, it is the caller's."""
    body = sample(operation)
    if "response_url" in body:
        body["response_url"] = f"{hub.caller(operation).url}/ocpi/results/1"
    return dumps(body)


@pytest.mark.parametrize("operation", _ROUTED, ids=lambda row: row.operation_id)
async def test_the_same_body_without_a_defect_is_taken_with_a_byte_order_mark(
    hub: Scene, operation: Operation
) -> None:
    """The control: what is refused above is refused for its defect. ROB-07: a BOM is no defect."""
    caller, where = hub.caller(operation), hub.path(operation)
    body = b"\xef\xbb\xbf" + _valid(hub, operation)
    to = None if operation.broadcast else name(hub.receiver(operation))

    answer = await hub.ask(caller, operation.method, where, body, to=to)

    # ERR-22: there is no call that a result could belong to here.
    expected = 2001 if operation.kind is Kind.CALLBACK else 1000
    assert answer.code == expected, answer.message


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda row: row.operation_id)
async def test_a_body_over_the_cap_is_413(hub: Scene, operation: Operation) -> None:
    """T24, ROB-06: 1 MB, or 5 MB for Locations and CDRs."""
    size = 5_000_001 if operation.large else 1_000_001

    status, message = await _send(hub, operation, b'{"extra": "' + b"x" * size + b'"}')

    assert status == (413, 2000)
    assert str(size - 1) in message


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda row: row.operation_id)
async def test_a_chunked_body_over_the_cap_is_413(hub: Scene, operation: Operation) -> None:
    """A body that does not announce its length is counted while it arrives."""
    size = 5_000_001 if operation.large else 1_000_001

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(0, size, 500_000):
            yield b" " * 500_000

    status, _ = await _send(hub, operation, chunks())

    assert status == (413, 2000)
