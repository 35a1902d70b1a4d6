"""Tariffs of CPOs, as they push them and as they are pulled. Source: 2.2.1 tariffs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from emsp_adapter.asking import Asking
from emsp_adapter.money.price_turns import take_over
from emsp_adapter.network.writes import answer_to
from emsp_adapter.office import Office
from emsp_adapter.store import places
from emsp_adapter.store import tariffs as store
from emsp_adapter.store.outcomes import Outcome
from ocpi_hub.protocol.errors import InvalidParameters, ObjectNotFound
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Reply
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.tariffs import Tariff, TariffDimensionType
from ocpi_hub.protocol.validation import check

# No price of any currency comes near; a longer number is a mistake that would go to drivers' maps.
_MOST_PRICE = Decimal(10**6)
_MOST_LIMIT = Decimal(10**9)


async def put(office: Office, asking: Asking) -> Reply:
    """Keep a Tariff that its CPO pushes."""
    return answer_to(asking, await _put(office, asking.owner, asking.document))


async def keep(office: Office, owner: Party, document: dict[str, Any]) -> None:
    """Keep a Tariff out of a CPO's list, unless what is known is newer."""
    check(Tariff, document)
    await _put(office, owner, document, pulled=True)


async def delete(office: Office, asking: Asking) -> Reply:
    """Offer a Tariff no more; what was charged with it is still priced with it."""
    tariff_id = asking.param("tariff_id")
    now = office.now()
    async with office.db.hot_transaction() as conn:
        await places.lock_prices(conn, asking.owner)
        outcome = await store.delete(conn, asking.owner, tariff_id, now=now)
        if outcome is Outcome.UPDATED:
            await take_over(conn, asking.owner, tariff_id, now=now)
    return answer_to(asking, outcome)


async def show(office: Office, asking: Asking) -> Reply:
    """The Tariff as it is kept."""
    tariff_id = asking.param("tariff_id")
    async with office.db.hot() as conn:
        found = await store.current(conn, asking.owner, tariff_id)
    if found is None:
        raise ObjectNotFound(f"{asking.owner} has no Tariff {tariff_id!r} here")
    return Reply(data=dumps(found))


def kwh_price(tariff: dict[str, Any]) -> Decimal | None:
    """The least that a kWh costs under a Tariff, with VAT; None where energy has no price."""
    return min(_kwh_prices(tariff), default=None)


def _kwh_prices(tariff: dict[str, Any]) -> Iterator[Decimal]:
    for element in tariff["elements"]:
        if (element.get("restrictions") or {}).get("reservation") is not None:
            continue
        for component in element["price_components"]:
            if component["type"] == TariffDimensionType.ENERGY:
                yield Decimal(component["price"]) * (1 + Decimal(component.get("vat") or 0) / 100)


async def _put(
    office: Office, owner: Party, document: dict[str, Any], *, pulled: bool = False
) -> Outcome:
    _check_prices(document)
    now = office.now()
    async with office.db.hot_transaction() as conn:
        await places.lock_prices(conn, owner)
        outcome = await store.put(conn, owner, _offer(document), now=now, pulled=pulled)
        if outcome in (Outcome.CREATED, Outcome.UPDATED):
            await take_over(conn, owner, document["id"], now=now)
    return outcome


def _check_prices(tariff: dict[str, Any]) -> None:
    """InvalidParameters names the first amount that is none."""
    for field, amount, most in _amounts(tariff):
        if abs(Decimal(amount)) > most:
            raise InvalidParameters(f"{field}: expected at most {most}")


def _amounts(tariff: dict[str, Any]) -> Iterator[tuple[str, Any, Decimal]]:
    """The amounts of a Tariff: where each stands, and what it may be at most."""
    for at, element in enumerate(tariff["elements"]):
        for place, component in enumerate(element["price_components"]):
            field = f"elements.{at}.price_components.{place}.price"
            yield field, component["price"], _MOST_PRICE
    for name in ("min_price", "max_price"):
        for part, amount in (tariff.get(name) or {}).items():
            if part in ("excl_vat", "incl_vat") and amount is not None:
                yield f"{name}.{part}", amount, _MOST_LIMIT


def _offer(document: dict[str, Any]) -> store.Offer:
    return store.Offer(
        document=document,
        kwh_price=kwh_price(document),
        starts_at=_moment(document.get("start_date_time")),
        ends_at=_moment(document.get("end_date_time")),
        last_updated=parse_datetime(document["last_updated"]),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_datetime(text)
