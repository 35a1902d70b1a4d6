"""What a driver pays, before, during and after a charge: three questions, one price.

The arithmetic is in driver_price; this reads what it needs: tariffs, the plan, the place.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from emsp_adapter.money import plans
from emsp_adapter.money.driver_price import DriverPrice, of_claim, of_priced, unknown, unreadable
from emsp_adapter.money.price_texts import number, text
from emsp_adapter.money.terms import Terms
from emsp_adapter.network import places
from emsp_adapter.network.places import Plug
from emsp_adapter.office import Office
from ocpi_hub.node.engine import Hot
from ocpi_hub.pricing import (
    Circumstances,
    CompiledTariff,
    Estimate,
    Plan,
    compile_tariff,
    estimate,
    price,
)
from ocpi_hub.pricing.lookup import Fact
from ocpi_hub.pricing.policies import DEFAULT
from ocpi_hub.pricing.selection import select
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.types import format_datetime, parse_datetime

log = logging.getLogger(__name__)

_HOUR = timedelta(hours=1)
_WATTS = 1000
# Where a plug does not say what it gives: a socket at home.
_LEAST_KW = Decimal("3.7")
_PHASES = {"AC_3_PHASE": Decimal(3), "AC_2_PHASE": Decimal(2), "AC_2_PHASE_SPLIT": Decimal(2)}
_HANGS_ON = {
    "by_clock": {Fact.MINUTE, Fact.DAY, Fact.WEEKDAY},
    "by_energy": {Fact.ENERGY},
    "by_elapsed": {Fact.ELAPSED},
    "by_power": {Fact.POWER_HIGH, Fact.POWER_LOW, Fact.CURRENT_HIGH, Fact.CURRENT_LOW},
}


def driver_price(
    usage: Mapping[str, Any],
    tariffs: Sequence[Mapping[str, Any]],
    *,
    time_zone: str | None,
    terms: Terms,
    circumstances: Circumstances | None = None,
    language: str = "en",
) -> DriverPrice:
    """What a driver pays for a Session or CDR under these Tariffs.

    What the CPO states counts only where no tariff gives a price. InvalidParameters names what in
    the documents cannot be read.
    """
    known = circumstances or Circumstances(time_zone=time_zone)
    if tariffs and usage.get("charging_periods"):
        compiled = [compile_tariff(each) for each in tariffs]
        found = of_priced(price(usage, compiled, circumstances=known), terms, language=language)
        if found.computable or usage.get("total_cost") is None:
            return found
    if usage.get("total_cost") is None:
        return unknown(usage["currency"], terms, language=language)
    energy = Decimal(usage.get("total_energy") or usage.get("kwh") or 0)
    return of_claim(usage["total_cost"], usage["currency"], terms, energy=energy, language=language)


async def preview(
    conn: Hot,
    office: Office,
    plug: Plug,
    driver_id: str | None,
    energy_kwh: Decimal,
    minutes: Decimal | None,
    *,
    language: str = "en",
) -> DriverPrice:
    """The price at a plug, starting now: so much energy as fast as the plug gives it, and a stay
    of so many minutes in all, what is over being parking."""
    now = office.now()
    terms = await plans.holding(conn, office, driver_id, now)
    documents = await places.tariffs_of(conn, plug, now)
    if not documents:
        return unknown(terms.currency, terms, language=language)
    stay = None if minutes is None else timedelta(minutes=float(minutes))
    plan = Plan(energy_kwh, power_of(plug.connector), now, stay)
    try:
        offered = [compile_tariff(each) for each in documents]
        found = _estimated(offered, plan, plug.time_zone)
        said = of_priced(found.priced, terms, language=language)
    except InvalidParameters as error:
        # What the driver asks for has its limits: the tariff or the place makes no sense.
        log.info("a plug has no price", extra={"plug": plug.key, "reason": error.message})
        return unreadable(documents[0]["currency"], terms, language=language)
    return said.remarking(*_assumed(found, plan, language, several=len(offered) > 1))


async def running(
    conn: Hot,
    office: Office,
    driver_id: str | None,
    session_document: Mapping[str, Any],
    plug: Plug | None,
    *,
    language: str = "en",
) -> DriverPrice:
    """What a session that goes on costs so far."""
    begun = parse_datetime(session_document["start_date_time"])
    terms = await plans.holding(conn, office, driver_id, begun)
    tariffs = [] if plug is None else await places.tariffs_of(conn, plug, begun)
    usage = _so_far(session_document, office.now())
    time_zone = None if plug is None else plug.time_zone
    try:
        return driver_price(usage, tariffs, time_zone=time_zone, terms=terms, language=language)
    except InvalidParameters as error:
        session = str(session_document.get("id"))
        log.info("a session has no price", extra={"session": session, "reason": error.message})
        return unreadable(session_document["currency"], terms, language=language)


def power_of(connector: Mapping[str, Any]) -> Decimal:
    """What a connector gives at most, in kW."""
    if connector.get("max_electric_power"):
        return Decimal(connector["max_electric_power"]) / _WATTS
    volts, amperes = connector.get("max_voltage"), connector.get("max_amperage")
    if not volts or not amperes:
        return _LEAST_KW
    phases = _PHASES.get(connector.get("power_type", ""), Decimal(1))
    return Decimal(volts) * Decimal(amperes) * phases / _WATTS


def _estimated(offered: Sequence[CompiledTariff], plan: Plan, time_zone: str) -> Estimate:
    """The estimate under the tariff that the engine would choose for such a session."""
    first = estimate(offered[0], plan, time_zone=time_zone)
    usage = first.priced.usage
    chosen = select(usage, offered, profile=None, policy=DEFAULT).tariffs[0]
    if chosen is None or chosen is offered[0]:
        return first
    return estimate(chosen, plan, time_zone=time_zone)


def _assumed(found: Estimate, plan: Plan, language: str, *, several: bool) -> list[str]:
    """What the estimate takes for granted, and what the price hangs on."""
    said = [
        text(
            "assumed",
            language,
            energy=number(found.energy, language),
            power=number(plan.power, language),
        )
    ]
    if found.energy < plan.energy and plan.stay is not None:
        minutes = number(Decimal(plan.stay // timedelta(minutes=1)), language)
        energy = number(found.energy, language)
        said.append(text("too_short", language, minutes=minutes, energy=energy))
    facts = {fact for each in found.priced.tariffs if each is not None for fact in each.facts}
    said += [text(key, language) for key, hangs in _HANGS_ON.items() if not facts.isdisjoint(hangs)]
    if several:
        said.append(text("several_tariffs", language))
    return said


def _so_far(session: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A Session as a usage up to now; without periods, all of it is one that charged."""
    begun = parse_datetime(session["start_date_time"])
    ended = session.get("end_date_time") or session.get("last_updated")
    end = max(begun, parse_datetime(ended) if ended else now)
    usage = {**session, "end_date_time": format_datetime(end)}
    if not usage.get("charging_periods"):
        usage["charging_periods"] = [_one_period(session, begun, end)]
    return usage


def _one_period(session: Mapping[str, Any], begun: datetime, end: datetime) -> dict[str, Any]:
    hours = Decimal((end - begun) // timedelta(seconds=1)) / Decimal(_HOUR // timedelta(seconds=1))
    return {
        "start_date_time": session["start_date_time"],
        "dimensions": [
            {"type": "ENERGY", "volume": Decimal(session.get("kwh") or 0)},
            {"type": "TIME", "volume": round(hours, 4)},
        ],
    }
