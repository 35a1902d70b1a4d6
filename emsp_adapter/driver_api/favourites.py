"""The places that a driver keeps at hand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from emsp_adapter.driver_api import answers
from emsp_adapter.driver_api.door import Account, At, DriverRoute
from emsp_adapter.network import privacy, summaries
from emsp_adapter.store import favourites as rows
from ocpi_hub.node.rest.bodies import PLAIN, Json
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=DriverRoute, tags=["favourites"])

_MOST = 500
_Key = Annotated[str, Path(max_length=100, description="A location's id, as NL*CPO*LOC1."), PLAIN]


@router.get("/favourites", response_model=answers.Favourites)
async def list_favourites(office: At, driver_id: Account) -> Json:
    """All of them, the newest first; a place that is no longer offered is not shown."""
    async with office.db.hot() as conn:
        keys = await rows.keys(conn, driver_id)
        return Json(
            {"favourites": await summaries.of_keys(conn, office, keys, driver_id=driver_id)}
        )


@router.put("/favourites/{location:path}", status_code=204)
async def add_favourite(location: _Key, office: At, driver_id: Account) -> None:
    """Keeps a place; again changes nothing."""
    async with office.db.hot_transaction() as conn:
        place = await privacy.place(conn, office, location, driver_id)
        if await rows.count(conn, driver_id) >= _MOST:
            raise Problem(409, f"more than {_MOST} favourites")
        await rows.add(conn, driver_id, place.key, now=office.now())


@router.delete("/favourites/{location:path}", status_code=204)
async def remove_favourite(location: _Key, office: At, driver_id: Account) -> None:
    """Forgets a place; one that is no favourite is fine too."""
    async with office.db.hot() as conn:
        await rows.remove(conn, driver_id, location)
