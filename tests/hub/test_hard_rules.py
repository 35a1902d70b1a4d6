"""What no tariff explains: CDRs never charged, charged twice, or impossible (T17 to T22)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import count
from typing import Any

import httpx
import pytest

from tests import samples
from tests.hub import billing
from tests.hub.billing import cleared, codes, post
from tests.hub.network import Network, data_of, status
from tests.parties import RecordingParty, envelope, json_bytes

_NUMBERS = count(1)


@pytest.fixture(scope="module")
async def published(shared_network: Network, shared_cpo: RecordingParty) -> RecordingParty:
    """NL/CPO with a Location and a Tariff, at a hub whose pricing process runs."""
    await shared_network.hub.custody.clearing.process.warm()
    await billing.publish(shared_cpo)
    return shared_cpo


@pytest.fixture
def cpo(published: RecordingParty) -> RecordingParty:
    """NL/CPO, with nothing received yet."""
    published.begin_anew()
    return published


@pytest.fixture
def emsp(shared_emsp: RecordingParty) -> RecordingParty:
    """DE/EMS, with nothing received yet."""
    shared_emsp.begin_anew()
    return shared_emsp


@pytest.fixture
def name() -> str:
    """Part of the ids of one test."""
    return f"N{next(_NUMBERS)}"


def charged(name: str, **overrides: Any) -> dict[str, Any]:
    """A right CDR of a session and a token of its own."""
    token = samples.cdr_token(uid=f"UID-{name}")
    return billing.cdr(id=name, session_id=f"S-{name}", cdr_token=token) | overrides


def credited(name: str, **overrides: Any) -> dict[str, Any]:
    """The credit of `charged`."""
    mine = charged(name) | {"id": f"{name}-C"}
    credit = billing.credit(**{field: mine[field] for field in ("id", "session_id", "cdr_token")})
    return credit | {"credit_reference_id": name} | overrides


async def flags(cpo: RecordingParty, cdr: dict[str, Any]) -> set[str]:
    """The rules a CDR breaks that was taken."""
    response = await post(cpo, cdr)
    assert response.json()["status_code"] == 1000, response.text
    return codes(await cleared(cpo, cdr["id"]))


# --- T17, T21: a CDR refers to what passed the hub -----------------------------------------------


async def start(cpo: RecordingParty, emsp: RecordingParty, name: str) -> None:
    """The driver of DE/EMS starts a session, and the CPO tells of it."""
    body = samples.start_session(
        response_url=f"{emsp.url}/ocpi/results/1",
        token=samples.token(uid=f"UID-{name}"),
        authorization_reference=f"A-{name}",
    )
    answer = await emsp.call("POST", "receiver", "commands", "START_SESSION", body, to="NL/CPO")
    assert data_of(answer)["result"] == "ACCEPTED"
    session = samples.session(id=f"S-{name}", cdr_token=samples.cdr_token(uid=f"UID-{name}"))
    told = await cpo.call("PUT", "receiver", "sessions", f"NL/CPO/S-{name}", session, to="DE/EMS")
    assert told.json()["status_code"] == 1000


def started(name: str, **overrides: Any) -> dict[str, Any]:
    """A CDR of a session that was started by a command."""
    reference = {"auth_method": "COMMAND", "authorization_reference": f"A-{name}"}
    return charged(name, **reference) | overrides


async def test_a_cdr_of_a_session_that_passed_the_hub_is_matched(
    cpo: RecordingParty, emsp: RecordingParty, name: str
) -> None:
    await start(cpo, emsp, name)

    assert await flags(cpo, started(name)) == set()


async def test_a_reference_of_a_realtime_authorization_is_known(
    cpo: RecordingParty, emsp: RecordingParty, name: str
) -> None:
    info = {
        "allowed": "ALLOWED",
        "token": samples.token(uid=f"UID-{name}"),
        "authorization_reference": f"A-{name}",
    }
    emsp.say(lambda: envelope(info), below="/sender/tokens")
    await cpo.call("POST", "sender", "tokens", f"UID-{name}/authorize", to="DE/EMS")
    session = samples.session(id=f"S-{name}", cdr_token=samples.cdr_token(uid=f"UID-{name}"))
    await cpo.call("PUT", "receiver", "sessions", f"NL/CPO/S-{name}", session, to="DE/EMS")
    emsp.answer = None

    assert await flags(cpo, started(name, auth_method="AUTH_REQUEST")) == set()


@pytest.mark.parametrize("unknown", ["session_id", "authorization_reference"])
async def test_a_phantom_cdr_is_delivered_and_flagged(
    cpo: RecordingParty, emsp: RecordingParty, name: str, unknown: str
) -> None:
    """T17: show both sides; never drop."""
    await start(cpo, emsp, name)

    found = await flags(cpo, started(name, **{unknown: "NEVER-HEARD-OF"}))

    assert found == {"unmatched"}
    assert len(emsp.of("POST", billing.CDRS)) == 1
    assert codes(await cleared(emsp, name)) == {"unmatched"}


async def test_a_reference_that_was_given_for_another_token_is_flagged(
    cpo: RecordingParty, emsp: RecordingParty, name: str
) -> None:
    """T21."""
    await start(cpo, emsp, name)
    other = samples.cdr_token(uid=f"OTHER-{name}")

    assert await flags(cpo, started(name, cdr_token=other)) == {"authorization_reused"}


async def test_a_reference_of_last_month_is_flagged(
    cpo: RecordingParty, emsp: RecordingParty, name: str, shared_network: Network
) -> None:
    """T21: after expiry."""
    await start(cpo, emsp, name)
    async with shared_network.db.hot() as conn:
        await conn.execute(
            "UPDATE hub.authorizations SET granted_at = '2025-12-15T00:00:00Z'"
            " WHERE reference = %s",
            (f"a-{name}".lower(),),
        )

    assert await flags(cpo, started(name)) == {"authorization_reused"}


async def test_a_token_that_another_emsp_published_is_flagged(
    cpo: RecordingParty, emsp: RecordingParty, name: str, shared_network: Network
) -> None:
    """T17, T20."""
    other = await shared_network.join(f"FR/{name[:3]:0<3}/EMSP")
    country, party_id = other.first
    token = samples.token(uid=f"UID-{name}", country_code=country, party_id=party_id)
    path = f"{country}/{party_id}/UID-{name}"
    assert (await other.call("PUT", "receiver", "tokens", path, token)).json()[
        "status_code"
    ] == 1000

    assert await flags(cpo, charged(name)) == {"token_owner"}


async def test_a_token_at_two_places_at_once_is_flagged(
    cpo: RecordingParty, emsp: RecordingParty, name: str
) -> None:
    """T20."""
    elsewhere = samples.cdr_location(id="LOC2")
    await flags(cpo, charged(name))
    second = charged(name, id=f"{name}-2", session_id=f"S-{name}-2", cdr_location=elsewhere)

    assert "token_at_two_places" in await flags(cpo, second)


# --- T18: tampering and replay -------------------------------------------------------------------


def totals(emsp: RecordingParty) -> list[Any]:
    """What the eMSP is to pay, as it heard."""
    return [r.json["total_cost"]["excl_vat"] for r in emsp.of("POST", billing.CDRS)]


@pytest.mark.parametrize("respelled", [False, True], ids=["the same id", "in another case"])
async def test_the_same_id_with_another_total_is_refused(
    cpo: RecordingParty, emsp: RecordingParty, name: str, respelled: bool
) -> None:
    await post(cpo, charged(name))
    cost = billing.price("9.00", "10.89")

    again = await post(cpo, charged(name, id=name.lower() if respelled else name, total_cost=cost))

    assert status(again) == (200, 2001)
    assert totals(emsp) == [Decimal("6.00")]


async def test_identical_bytes_are_the_same_cdr(
    cpo: RecordingParty, emsp: RecordingParty, name: str
) -> None:
    first = await post(cpo, charged(name))
    again = await post(cpo, charged(name))

    assert again.headers["Location"] == first.headers["Location"]
    assert totals(emsp) == [Decimal("6.00")]


async def test_a_session_billed_again_under_a_new_id_is_flagged(
    cpo: RecordingParty, emsp: RecordingParty, name: str
) -> None:
    await post(cpo, charged(name))

    assert await flags(cpo, charged(name, id=f"{name}-2")) == {"duplicate_session"}
    assert len(totals(emsp)) == 2


async def test_a_credited_session_is_billed_again_without_a_flag(
    cpo: RecordingParty, emsp: RecordingParty, name: str
) -> None:
    await post(cpo, charged(name))
    await post(cpo, credited(name))

    assert await flags(cpo, charged(name, id=f"{name}-2")) == set()
    assert totals(emsp) == [Decimal("6.00"), Decimal("-6.00"), Decimal("6.00")]


async def test_a_credit_that_mirrors_its_original_is_right(
    cpo: RecordingParty, emsp: RecordingParty, name: str
) -> None:
    await post(cpo, charged(name))
    await post(cpo, credited(name))

    found = await cleared(emsp, f"{name}-C")

    assert (found["verdict"], found["flags"]) == ("match", [])


CREDITS: Mapping[str, tuple[dict[str, Any], str]] = {
    "larger than the original": (
        {"total_cost": billing.price("-9.00", "-10.89")},
        "credit_differs",
    ),
    "a part of the original": ({"total_cost": billing.price("-3.00", "-3.63")}, "credit_differs"),
    "not negative": ({"total_cost": billing.price("6.00", "7.26")}, "credit_differs"),
    "without VAT": ({"total_cost": {"excl_vat": Decimal("-6.00")}}, "credit_differs"),
    "of less energy": ({"total_energy": Decimal("10")}, "credit_differs"),
    "of nothing the hub knows": ({"credit_reference_id": "NEVER"}, "credit_of_unknown"),
}


@pytest.mark.parametrize(("overrides", "rule"), CREDITS.values(), ids=CREDITS)
async def test_a_credit_that_is_no_mirror_is_flagged(
    cpo: RecordingParty,
    emsp: RecordingParty,
    name: str,
    overrides: dict[str, Any],
    rule: str,
) -> None:
    await post(cpo, charged(name))

    assert await flags(cpo, credited(name, **overrides)) == {rule}
    assert len(totals(emsp)) == 2


async def test_a_second_credit_is_flagged(
    cpo: RecordingParty, emsp: RecordingParty, name: str
) -> None:
    await post(cpo, charged(name))
    await post(cpo, credited(name))

    assert await flags(cpo, credited(name, id=f"{name}-C2")) == {"credit_twice"}


async def test_a_credit_of_a_credit_is_flagged(
    cpo: RecordingParty, emsp: RecordingParty, name: str
) -> None:
    await post(cpo, charged(name))
    await post(cpo, credited(name))
    chain = credited(name, id=f"{name}-CC", credit_reference_id=f"{name}-C")

    found = await flags(cpo, chain | {"total_cost": billing.price("6.00", "7.26")})

    assert found == {"credit_of_credit"}


async def test_a_credit_by_another_cpo_is_flagged(
    cpo: RecordingParty, emsp: RecordingParty, name: str, shared_network: Network
) -> None:
    other = await shared_network.join(f"BE/{name[:3]:0<3}/CPO")
    country, party_id = other.first
    await post(cpo, charged(name))
    theirs = credited(name, country_code=country, party_id=party_id)

    await post(other, theirs)

    path = f"{country}/{party_id}/{name}-C"
    found = await emsp.call("GET", "sender", billing.MODULE, path)
    assert "credit_of_another" in codes(data_of(found))


async def test_a_negative_total_without_credit_is_flagged(
    cpo: RecordingParty, emsp: RecordingParty, name: str
) -> None:
    cost = billing.price("-6.00", "-7.26")

    assert "negative_without_credit" in await flags(cpo, charged(name, total_cost=cost))


# --- T19: what cannot be -------------------------------------------------------------------------


def _of_energy(kwh: str) -> dict[str, Any]:
    energy = {"type": "ENERGY", "volume": Decimal(kwh)}
    period = {"start_date_time": billing.START, "dimensions": [energy], "tariff_id": "TARIFF1"}
    cost = Decimal(kwh) * Decimal("0.30")
    total = {"excl_vat": cost, "incl_vat": cost * Decimal("1.21")}
    return {
        "charging_periods": [period],
        "total_energy": Decimal(kwh),
        "total_cost": total,
        "total_energy_cost": total,
    }


def _begun(moment: str) -> dict[str, Any]:
    (period,) = billing.cdr()["charging_periods"]
    return {"charging_periods": [period, period | {"start_date_time": moment}]}


IMPOSSIBLE: Mapping[str, tuple[dict[str, Any], str | None]] = {
    "as much as the connector gives": (_of_energy("44"), None),
    "more than it gives": (_of_energy("50"), "too_much_energy"),
    "an end before the start": (
        {"end_date_time": "2026-01-15T09:00:00Z"},
        "end_before_start",
    ),
    "an end that has not come": ({"end_date_time": "2090-01-15T12:00:00Z"}, "in_the_future"),
    "a period before the session": (_begun("2026-01-15T09:00:00Z"), "period_outside"),
    "a period after the session": (_begun("2026-01-15T12:30:00Z"), "period_outside"),
}


@pytest.mark.parametrize(("overrides", "rule"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_what_cannot_be_is_delivered_and_flagged(
    cpo: RecordingParty,
    emsp: RecordingParty,
    name: str,
    overrides: dict[str, Any],
    rule: str | None,
) -> None:
    found = await flags(cpo, charged(name, **overrides))

    assert found == ({rule} if rule else set())
    assert len(totals(emsp)) == 1


NOT_A_CDR = {
    "NaN": (b'"total_energy":20', b'"total_energy":NaN', (400, 2001)),
    "Infinity": (b'"total_energy":20', b'"total_energy":Infinity', (400, 2001)),
    "a huge exponent": (b'"total_energy":20', b'"total_energy":1e999', (200, 2001)),
    "true": (b'"total_energy":20', b'"total_energy":true', (200, 2001)),
    "text": (b'"total_energy":20', b'"total_energy":"20"', (200, 2001)),
    "a key twice": (b'"total_energy":20', b'"total_energy":20,"total_energy":2', (200, 2001)),
    "no periods": (b'"charging_periods":[', b'"charging_periods":[],"x":[', (200, 2001)),
}


@pytest.mark.parametrize(("old", "new", "expected"), NOT_A_CDR.values(), ids=NOT_A_CDR)
async def test_what_is_no_cdr_is_refused(
    cpo: RecordingParty,
    emsp: RecordingParty,
    name: str,
    old: bytes,
    new: bytes,
    expected: tuple[int, int],
) -> None:
    raw = json_bytes(charged(name))
    assert old in raw

    response: httpx.Response = await post(cpo, raw.replace(old, new))

    assert response.status_code == expected[0]
    assert 2000 <= response.json()["status_code"] < 3000
    assert totals(emsp) == []


# --- T22: the tariff the driver saw --------------------------------------------------------------


async def test_a_tariff_that_was_switched_after_the_start_is_flagged_and_priced_as_it_was(
    network: Network,
) -> None:
    """T22, RTE: CDR.tariffs are those of the session's start (CDRs, CDR object)."""
    await network.hub.custody.clearing.process.warm()
    cpo = await network.join("NL/CPO/CPO")
    emsp = await network.join("DE/EMS/EMSP")
    await billing.publish(cpo)
    dearer = billing.tariff("0.45", last_updated=billing.CHANGED)
    await billing.put(cpo, "tariffs", "TARIFF1", dearer)
    cost = billing.price("9.00", "10.89")

    await post(cpo, billing.cdr(tariffs=[dearer], total_cost=cost, total_energy_cost=cost))

    found = await cleared(emsp)
    assert codes(found) == {"tariff_switched"}
    assert found["verdict"] == "mismatch"
    assert found["exact_cost"] == {"excl_vat": "6", "incl_vat": "7.26"}
    assert [recipe["name"] for recipe in found["recipes"]] == ["tariff_of_now"]


async def test_a_tariff_that_nobody_published_is_used_and_remarked(
    cpo: RecordingParty, emsp: RecordingParty, name: str
) -> None:
    private = billing.tariff(id="PRIVATE")
    (period,) = billing.cdr()["charging_periods"]
    periods = [period | {"tariff_id": "PRIVATE"}]

    found = await flags(cpo, charged(name, tariffs=[private], charging_periods=periods))

    assert found == {"tariff_not_published"}
    assert (await cleared(emsp, name))["verdict"] == "match"


async def test_a_cdr_without_tariffs_is_priced_with_those_of_its_connector(
    cpo: RecordingParty, emsp: RecordingParty, name: str
) -> None:
    (period,) = billing.cdr()["charging_periods"]
    bare = charged(name, charging_periods=[{k: v for k, v in period.items() if k != "tariff_id"}])
    del bare["tariffs"]

    await post(cpo, bare)

    assert (await cleared(emsp, name))["verdict"] == "match"
