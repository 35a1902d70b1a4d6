"""Tariffs, CDRs and prices in a few words, and what a price is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ocpi_hub.pricing import Circumstances, Clearing, Priced, compare, price, reservation_outcome
from tests import samples

DAY = "2026-02-10"  # a Tuesday
_FIELDS = {
    "fixed": "total_fixed_cost",
    "energy": "total_energy_cost",
    "time": "total_time_cost",
    "parking": "total_parking_cost",
    "reservation": "total_reservation_cost",
}


@dataclass(frozen=True)
class Case:
    """A session and what it costs; costs are written "excl/incl", one number for both alike."""

    elements: list[dict[str, Any]]
    periods: list[dict[str, Any]]
    total: str
    end: str
    parts: dict[str, str] = field(default_factory=dict)
    billed: dict[str, str] = field(default_factory=dict)
    findings: set[str] = field(default_factory=set)
    zone: str = "Europe/Amsterdam"
    outcome: str | None = None
    limit: str | None = None
    tariff: dict[str, Any] = field(default_factory=dict)

    def cdr(self, **overrides: Any) -> dict[str, Any]:
        """The CDR of the session."""
        return cdr(self.periods, self.end, [tariff(self.elements, **self.tariff)], **overrides)

    def priced(self) -> Priced:
        """The price of the session."""
        outcome = None if self.outcome is None else reservation_outcome(self.outcome)
        known = Circumstances(time_zone=self.zone, reservation_outcome=outcome)
        return price(self.cdr(), circumstances=known)


def element(*components: str, **restrictions: Any) -> dict[str, Any]:
    """An element of components such as "ENERGY 0.30 vat 21 step 100"."""
    made: dict[str, Any] = {"price_components": [component(each) for each in components]}
    return made | ({"restrictions": restrictions} if restrictions else {})


def component(text: str) -> dict[str, Any]:
    """A component out of words: type, price, and "vat" and "step" with their numbers."""
    kind, amount, *rest = text.split()
    extras = dict(zip(rest[::2], rest[1::2], strict=True))
    made: dict[str, Any] = {"type": kind, "price": Decimal(amount), "step_size": 1}
    if "vat" in extras:
        made["vat"] = Decimal(extras["vat"])
    if "step" in extras:
        made["step_size"] = int(extras["step"])
    return made


def period(start: str, *, tariff_id: str | None = None, **volumes: Any) -> dict[str, Any]:
    """A period from "10:00" on the day, or from a whole DateTime, with its volumes."""
    dimensions = [{"type": kind, "volume": Decimal(str(each))} for kind, each in volumes.items()]
    made: dict[str, Any] = {"start_date_time": moment(start), "dimensions": dimensions}
    return made | ({"tariff_id": tariff_id} if tariff_id else {})


def moment(text: str) -> str:
    """A DateTime of the day for "10:00"; anything longer is one already."""
    return f"{DAY}T{text}:00Z" if len(text) == 5 else text


def tariff(elements: list[dict[str, Any]], **overrides: Any) -> dict[str, Any]:
    """A tariff of these elements."""
    made = {
        "country_code": "NL",
        "party_id": "CPO",
        "id": "T1",
        "currency": "EUR",
        "elements": elements,
        "last_updated": "2026-01-01T00:00:00Z",
    }
    return made | overrides


def cdr(
    periods: list[dict[str, Any]], end: str, tariffs: list[dict[str, Any]], **overrides: Any
) -> dict[str, Any]:
    """A CDR of these periods that claims nothing but a total of zero."""
    nothing = {"excl_vat": Decimal(0), "incl_vat": Decimal(0)}
    made = samples.cdr(
        start_date_time=min(each["start_date_time"] for each in periods),
        end_date_time=moment(end),
        charging_periods=periods,
        tariffs=tariffs,
        currency="EUR",
        total_cost=nothing,
        total_energy=Decimal(0),
        total_energy_cost=None,
        total_time=Decimal(0),
    )
    return made | overrides


def limits(excl: str, incl: str | None = None) -> dict[str, Any]:
    """A min_price or max_price."""
    made = {"excl_vat": Decimal(excl)}
    return made if incl is None else made | {"incl_vat": Decimal(incl)}


def costs(priced: Priced) -> dict[str, str]:
    """The total and all partial costs that something was priced for, as they are written here."""
    document: dict[str, Any] = priced.document()
    named = {"total": "total_cost"} | _FIELDS
    return {
        name: _written(document[whole])
        for name, whole in named.items()
        if document[whole] is not None
    }


def expected(case: Case) -> dict[str, str]:
    """What `costs` should give."""
    return {"total": case.total} | case.parts


def _written(cost: dict[str, str]) -> str:
    excl, incl = cost["excl_vat"], cost["incl_vat"]
    return excl if excl == incl else f"{excl}/{incl}"


def claiming(document: dict[str, Any], priced: Priced) -> dict[str, Any]:
    """The CDR with the right claims, rounded to four decimals."""
    price_: dict[str, Any] = priced.document()
    made = dict(document)
    for name in ("total_cost", *_FIELDS.values()):
        if price_[name] is not None:
            made[name] = {
                side: Decimal(amount).quantize(Decimal("0.0001"), "ROUND_HALF_UP")
                for side, amount in price_[name].items()
            }
    for name in ("total_energy", "total_time", "total_parking_time"):
        made[name] = Decimal(price_[name]).quantize(Decimal("0.0001"))
    return made


def cleared(case: Case, **claims: Any) -> Clearing:
    """The clearing of a CDR that claims what is right but for `claims`."""
    priced = case.priced()
    return compare(claiming(case.cdr(), priced) | claims, priced)
