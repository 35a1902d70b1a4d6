"""What a charge would cost, before anybody plugs in."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from emsp_adapter.driver_api import answers
from emsp_adapter.driver_api.door import NAMES_A_PLACE, At, DriverRoute, Finder
from emsp_adapter.driver_api.language import Language
from emsp_adapter.money import prices
from emsp_adapter.network import places, privacy
from ocpi_hub.node.rest.bodies import PLAIN, Json, Number

router = APIRouter(route_class=DriverRoute, tags=["prices"])

_Text = Annotated[str, Query(min_length=1, max_length=100), PLAIN]
_OptionalText = Annotated[Annotated[str, Field(min_length=1, max_length=36), PLAIN] | None, Query()]
Energy = Annotated[
    Number, Query(ge=0, le=1000, decimal_places=3, description="How much is charged, in kWh.")
]
Minutes = Annotated[
    Annotated[Number, Field(ge=0, le=10080, decimal_places=0)] | None,
    Query(
        description="How long the car stays; what is over after charging is parking.",
    ),
]


@router.get("/prices", response_model=answers.DriverPrice, responses=NAMES_A_PLACE)
async def get_price(
    office: At,
    asker: Finder,
    location: _Text,
    evse_uid: _Text,
    language: Language,
    connector_id: _OptionalText = None,
    energy_kwh: Energy = Decimal(20),
    minutes: Minutes = None,
) -> Json:
    """The price of a charge that begins now, by the driver's plan, with every part of it named."""
    async with office.db.hot() as conn:
        await privacy.place(conn, office, location, asker.driver_id)
        plug = await places.plug(conn, location, evse_uid, connector_id)
        price = await prices.preview(
            conn,
            office,
            plug,
            asker.driver_id,
            energy_kwh,
            minutes,
            language=language,
        )
    return Json(price.document())
