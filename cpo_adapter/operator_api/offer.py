"""Locations and tariffs, in and out as OCPI objects; an operator may leave out what OCPI adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Body
from pydantic import Field

from cpo_adapter import inventory
from cpo_adapter.inventory import Imported
from cpo_adapter.operator_api.office import At, ImportRoute, Office, Reader, Worker
from cpo_adapter.operator_api.shapes import Id
from cpo_adapter.store import inventory as rows
from cpo_adapter.store.operator_tokens import Operator
from ocpi_hub.node import audit
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import Given, Json, Number
from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.protocol.party import Party

router = APIRouter(route_class=ImportRoute, tags=["locations and tariffs"])

_KW = Decimal(1000)

OcpiObject = Annotated[dict[str, Any], Body(description="As OCPI has it.")]
OcpiObjects = Annotated[list[dict[str, Any]], Body(description="As OCPI has them.")]


class GivenLimit(Given):
    """What the sessions of a Location may draw together; null: as much as they can."""

    kw: Annotated[Number, Field(ge=0, le=100_000)] | None


class _Import(Protocol):
    async def __call__(
        self, conn: Hot, documents: Sequence[Mapping[str, Any]], *, party: Party, now: datetime
    ) -> Imported: ...


@router.get("/locations")
async def list_locations(office: At, operator: Reader) -> Json:
    """Every Location with its EVSEs and their statuses."""
    async with office.db.hot() as conn:
        return Json(await inventory.export_locations(conn))


@router.get("/locations/{location_id}")
async def show_location(location_id: Id, office: At, operator: Reader) -> Json:
    """One Location with its EVSEs and their statuses."""
    async with office.db.hot() as conn:
        found = await inventory.export_locations(conn, [location_id])
    if not found:
        raise Problem(404, f"there is no Location {location_id!r}")
    return Json(found[0])


@router.post("/locations")
async def import_locations(given: OcpiObjects, office: At, operator: Worker) -> Json:
    """Takes Locations over. An EVSE that one no longer has becomes REMOVED, which is for ever."""
    return await _taken(office, operator, given, take=inventory.import_locations)


@router.put("/locations/{location_id}")
async def put_location(location_id: Id, given: OcpiObject, office: At, operator: Worker) -> Json:
    """Takes one Location over, in the same way."""
    named = _with_id(given, location_id)
    return await _taken(office, operator, [named], take=inventory.import_locations)


@router.put("/locations/{location_id}/limit")
async def limit_location(location_id: Id, given: GivenLimit, office: At, operator: Worker) -> Json:
    """Shares a limit of power among the sessions of a Location."""
    watts = None if given.kw is None else given.kw * _KW
    async with office.db.hot_transaction() as conn:
        if not await rows.set_limit(conn, location_id, limit_watts=watts):
            raise Problem(404, f"there is no Location {location_id!r}")
        await audit.record(
            conn,
            operator.name,
            action="location limit",
            subject=location_id,
            detail={"watts": watts},
        )
    return Json({"location": location_id, "limit_watts": watts})


@router.get("/tariffs")
async def list_tariffs(office: At, operator: Reader) -> Json:
    """The Tariffs in force."""
    async with office.db.hot() as conn:
        return Json(await inventory.export_tariffs(conn))


@router.post("/tariffs")
async def import_tariffs(given: OcpiObjects, office: At, operator: Worker) -> Json:
    """Takes Tariffs over; those that are not named stay."""
    return await _taken(office, operator, given, take=inventory.import_tariffs)


@router.put("/tariffs/{tariff_id}")
async def put_tariff(tariff_id: Id, given: OcpiObject, office: At, operator: Worker) -> Json:
    """Takes one Tariff over."""
    named = _with_id(given, tariff_id)
    return await _taken(office, operator, [named], take=inventory.import_tariffs)


@router.delete("/tariffs/{tariff_id}", status_code=204)
async def delete_tariff(tariff_id: Id, office: At, operator: Worker) -> None:
    """Takes a Tariff back, also from partners."""
    async with office.db.hot_transaction() as conn:
        used = await rows.connectors_with(conn, tariff_id)
        if used:
            # Without its tariff a session there would be free.
            raise Problem(409, f"the Tariff is that of {', '.join(used[:5])}: change those first")
        if not await inventory.delete_tariff(conn, tariff_id, now=office.now()):
            raise Problem(404, f"there is no Tariff {tariff_id!r}")
        await audit.record(conn, operator.name, action="tariff delete", subject=tariff_id)
    office.poke()


async def _taken(
    office: Office, operator: Operator, given: Sequence[Mapping[str, Any]], *, take: _Import
) -> Json:
    async with office.db.hot_transaction() as conn:
        done = await take(conn, given, party=office.rules.party, now=office.now())
        changed = [*done.created, *done.updated]
        await audit.record(
            conn,
            operator.name,
            action=take.__name__.replace("_", " "),  # type: ignore[attr-defined]  # a function
            subject=", ".join(changed)[:200],
        )
    office.poke()
    return Json({name: list(ids) for name, ids in asdict(done).items()})


def _with_id(given: Mapping[str, Any], object_id: str) -> dict[str, Any]:
    said = given.get("id", object_id)
    if said != object_id:
        raise Problem(422, f"id: expected {object_id!r} as in the URL, got {said!r}", field="id")
    return {**given, "id": object_id}
