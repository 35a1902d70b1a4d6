"""What a driver looks for, as the query of a URL says it; each refusal names the parameter."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from emsp_adapter.network.audience import shown_owners
from emsp_adapter.network.clusters import MOST_ZOOM
from emsp_adapter.network.mercator import Box
from emsp_adapter.network.opening import is_open
from emsp_adapter.network.spelling import words
from emsp_adapter.network.text_search import everywhere
from emsp_adapter.office import Office
from emsp_adapter.store import search
from emsp_adapter.store.filters import Filters
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import PLAIN, Number, Whole
from ocpi_hub.protocol.v2_2_1.locations import ConnectorType

# Numbers as scripts write them: float() also takes "nan", "1_0" and digits of other scripts.
_DEGREES = re.compile(r"-?\d{1,3}(\.\d{1,20})?(e-\d{1,3})?", re.ASCII)
_MOST_PLUGS = 20
_SPELLED = {each.value.lower(): each.value for each in ConnectorType}


def _numbers(text: str, count: int, form: str) -> list[float]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != count or not all(_DEGREES.fullmatch(part) for part in parts):
        raise PydanticCustomError("degrees", "expected {form}, in degrees", {"form": form})
    return [float(part) for part in parts]


def _within(value: float, most: int, what: str) -> float:
    if not -most <= value <= most:
        raise PydanticCustomError(
            "degrees",
            "the {what} is {value}, expected -{most} to {most}",
            {"what": what, "value": f"{value:g}", "most": most},
        )
    return value


def _near(text: str) -> str:
    near_of(text)
    return text


def near_of(text: str) -> tuple[float, float]:
    """The latitude and longitude of `LAT,LON`."""
    lat, lon = _numbers(text, 2, "LAT,LON such as 52.09,5.11")
    return _within(lat, 90, "latitude"), _within(lon, 180, "longitude")


def _bbox(text: str) -> str:
    box_of(text)
    return text


def box_of(text: str) -> Box:
    """The rectangle of `W,S,E,N`; W is greater than E where it crosses the 180th meridian."""
    west, south, east, north = _numbers(text, 4, "W,S,E,N such as 5.0,52.0,5.2,52.2")
    for longitude in (west, east):
        _within(longitude, 180, "longitude")
    for latitude in (south, north):
        _within(latitude, 90, "latitude")
    if south > north:
        raise PydanticCustomError("degrees", "S is greater than N, expected W,S,E,N")
    return Box(west, south, east, north)


def _plugs(text: str) -> str:
    parts = plugs_of(text)
    if len(parts) > _MOST_PLUGS or not _SPELLED.keys() >= {part.lower() for part in parts}:
        raise PydanticCustomError(
            "plug",
            "expected up to {most} OCPI connector types such as IEC_62196_T2,CHADEMO",
            {"most": _MOST_PLUGS},
        )
    return text


def plugs_of(text: str) -> tuple[str, ...]:
    """The connector types of a list with commas, in OCPI's spelling."""
    parts = (part.strip() for part in text.split(","))
    return tuple(_SPELLED.get(part.lower(), part) for part in parts)


_Text = Annotated[str, StringConstraints(max_length=200), PLAIN]
_Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
_Amount = Annotated[Number, Field(ge=0, le=100_000, max_digits=12)]


class Wanted(BaseModel):
    """What a place must be like."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plug: Annotated[str, AfterValidator(_plugs)] | None = Field(
        None,
        description="OCPI connector types, with commas between them.",
        examples=["IEC_62196_T2,CHADEMO"],
    )
    min_kw: _Amount | None = Field(
        None, description="A plug that gives at least so much.", examples=["50"]
    )
    free: bool = Field(False, description="With a free plug, one that is all of the above.")
    open: bool = Field(False, description="Not known to be closed now.")
    operator: _Text | None = Field(None, description="The operator's name, or how it begins.")
    max_price: _Amount | None = Field(
        None,
        description="A kWh costs at most so much somewhere, with VAT; in the currency of the"
        " place's own price, unless `currency` says which.",
        examples=["0.45"],
    )
    currency: _Currency | None = Field(
        None, description="Priced in this currency (ISO 4217).", examples=["EUR"]
    )
    text: _Text | None = Field(
        None,
        description="Words of the name, address, city or operator, or how they begin; without"
        " `near` and `bbox` the best matches first.",
        examples=["central stat"],
    )


class WantedPlaces(Wanted):
    """The same, and where."""

    near: Annotated[str, AfterValidator(_near)] | None = Field(
        None, description="LAT,LON: the nearest first.", examples=["52.09,5.11"]
    )
    radius_m: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="Not further from `near` than that."
    )
    bbox: Annotated[str, AfterValidator(_bbox)] | None = Field(
        None,
        description="W,S,E,N; W is greater than E across the 180th meridian.",
        examples=["5.0,52.0,5.2,52.2"],
    )
    limit: Annotated[Whole, Field(ge=1, le=200)] = Field(50, description="At most so many.")
    cursor: Annotated[str, Field(max_length=1000)] | None = Field(
        None, description="`next` of the page before; opaque."
    )


class WantedMap(Wanted):
    """The same, on a map."""

    bbox: Annotated[str, AfterValidator(_bbox)] = Field(
        description="W,S,E,N; W is greater than E across the 180th meridian.",
        examples=["5.0,52.0,5.2,52.2"],
    )
    zoom: Annotated[Whole, Field(ge=0, le=MOST_ZOOM)] = Field(
        description="As maps on the web count it."
    )


async def filters_of(conn: Hot, office: Office, wanted: Wanted) -> Filters:
    """The same as a search takes it."""
    open_hours = None
    if wanted.open:
        now = office.now()
        open_hours = tuple(
            id_
            for id_, hours, time_zone in await search.opening_hours(conn)
            if is_open(hours, time_zone, now) is not False
        )
    # An operator's name is among the words of its places.
    said = words(f"{wanted.text or ''} {wanted.operator or ''}")
    return Filters(
        owners=tuple(shown_owners(office.side.peers)),
        plugs=None if wanted.plug is None else plugs_of(wanted.plug),
        min_watts=math.ceil((wanted.min_kw or 0) * 1000),
        free=wanted.free,
        operator=wanted.operator,
        max_price=wanted.max_price,
        currency=wanted.currency,
        words=everywhere(said) if said else None,
        open_hours=open_hours,
    )
