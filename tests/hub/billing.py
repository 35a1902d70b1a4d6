"""A session that costs exactly 6.00, its tariff, and CDRs of it that claim this or something else.

20 kWh at 0.30 are 6.00, with 21 % VAT 7.26; connector 1 of EVSE1 gives 22 kW.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx

from tests import samples
from tests.hub.network import data_of, eventually
from tests.parties import RecordingParty

PUBLISHED = "2026-01-10T00:00:00Z"
START = "2026-01-15T10:00:00Z"
END = "2026-01-15T12:00:00Z"
# After the session.
CHANGED = "2026-01-15T13:00:00Z"

CDRS = "/receiver/cdrs"
MODULE = "nlhub-clearing"


def tariff(per_kwh: str = "0.30", **overrides: Any) -> dict[str, Any]:
    """TARIFF1: so much per kWh, with 21 % VAT, whenever and however long."""
    component = {
        "type": "ENERGY",
        "price": Decimal(per_kwh),
        "vat": Decimal("21"),
        "step_size": 1,
    }
    return {
        "country_code": "NL",
        "party_id": "CPO",
        "id": "TARIFF1",
        "currency": "EUR",
        "elements": [{"price_components": [component]}],
        "last_updated": PUBLISHED,
    } | overrides


def price(excl_vat: str, incl_vat: str) -> dict[str, Decimal]:
    """An amount."""
    return {"excl_vat": Decimal(excl_vat), "incl_vat": Decimal(incl_vat)}


def cdr(**overrides: Any) -> dict[str, Any]:
    """CDR1 of SESSION1, right in every field."""
    energy = {"type": "ENERGY", "volume": Decimal("20")}
    time = {"type": "TIME", "volume": Decimal("2")}
    period = {"start_date_time": START, "dimensions": [energy, time], "tariff_id": "TARIFF1"}
    return {
        "country_code": "NL",
        "party_id": "CPO",
        "id": "CDR1",
        "start_date_time": START,
        "end_date_time": END,
        "session_id": "SESSION1",
        "cdr_token": samples.cdr_token(),
        "auth_method": "WHITELIST",
        "cdr_location": samples.cdr_location(),
        "currency": "EUR",
        "tariffs": [tariff()],
        "charging_periods": [period],
        "total_cost": price("6.00", "7.26"),
        "total_energy": Decimal("20"),
        "total_energy_cost": price("6.00", "7.26"),
        "total_time": Decimal("2"),
        "last_updated": END,
    } | overrides


def too_high(**overrides: Any) -> dict[str, Any]:
    """The same, 0.10 too high."""
    cost = price("6.10", "7.381")
    return cdr(total_cost=cost, total_energy_cost=cost) | overrides


def credit(**overrides: Any) -> dict[str, Any]:
    """The credit of CDR1."""
    negative = price("-6.00", "-7.26")
    return (
        cdr(id="CDR1-C", credit=True, credit_reference_id="CDR1", total_cost=negative) | overrides
    )


async def publish(cpo: RecordingParty) -> None:
    """The Location and the Tariff of the session."""
    connector = samples.connector(max_electric_power=22000)
    evse = samples.evse(connectors=[connector])
    location = samples.location(evses=[evse], last_updated=PUBLISHED)
    await put(cpo, "locations", "LOC1", location)
    await put(cpo, "tariffs", "TARIFF1", tariff())


async def put(cpo: RecordingParty, module: str, id_: str, body: dict[str, Any]) -> None:
    """An object of the CPO's, broadcast."""
    answer = await cpo.call("PUT", "receiver", module, f"NL/CPO/{id_}", body)
    assert answer.json()["status_code"] == 1000, answer.text


async def post(cpo: RecordingParty, cdr: object) -> httpx.Response:
    """A CDR for DE/EMS; bytes are sent as they are."""
    return await cpo.call("POST", "receiver", "cdrs", body=cdr, to="DE/EMS")


async def cleared(party: RecordingParty, cdr_id: str = "CDR1") -> dict[str, Any]:
    """The clearing of one of NL/CPO's CDRs, which has to be there within a second."""
    answers: list[httpx.Response] = []

    async def there() -> bool:
        answers.append(await party.call("GET", "sender", MODULE, f"NL/CPO/{cdr_id}"))
        return answers[-1].status_code == 200

    await eventually(there, within=1)
    found: dict[str, Any] = data_of(answers[-1])
    return found


def codes(clearing: dict[str, Any]) -> set[str]:
    """The rules a CDR breaks."""
    return {flag["code"] for flag in clearing["flags"]}
