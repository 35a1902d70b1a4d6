"""Who may say what: headers, URLs and bodies against the platform whose token a message carried."""

from __future__ import annotations

from typing import Any

import pytest

from ocpi_hub.authority import check_owner, sender_of
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.message import Message
from ocpi_hub.protocol.modules import FUNCTIONAL, Kind, Operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Role
from ocpi_hub.snapshot import Platform
from tests import samples
from tests.hub.snapshots import platform
from tests.protocol.messages import CPO, EMSP, caller_of, message, params_of, row

OTHER = Party("BE", "CP2")
LOCATION_PUT = row("locations", "RECEIVER", "PUT", "{country_code}/{party_id}/{location_id}")
EVSE_PUT = row("locations", "RECEIVER", "PUT", f"{LOCATION_PUT.path}/{{evse_uid}}")
CONNECTOR_PUT = row("locations", "RECEIVER", "PUT", f"{EVSE_PUT.path}/{{connector_id}}")
LOCATION_PATCH = row("locations", "RECEIVER", "PATCH", LOCATION_PUT.path)
TARIFF_PUT = row("tariffs", "RECEIVER", "PUT", "{country_code}/{party_id}/{tariff_id}")
TOKEN_PUT = row("tokens", "RECEIVER", "PUT", "{country_code}/{party_id}/{token_uid}")
TOKEN_PATCH = row("tokens", "RECEIVER", "PATCH", TOKEN_PUT.path)
SESSION_PUT = row("sessions", "RECEIVER", "PUT", "{country_code}/{party_id}/{session_id}")
CDR_POST = row("cdrs", "RECEIVER", "POST")
START = row("commands", "RECEIVER", "POST", "START_SESSION")
RESERVE = row("commands", "RECEIVER", "POST", "RESERVE_NOW")
LIST = row("locations", "SENDER", "GET")

ALL = [pytest.param(each, id=each.operation_id) for each in FUNCTIONAL]
OWNED = [
    pytest.param(each, id=each.operation_id)
    for each in FUNCTIONAL
    if "{country_code}" in each.segments
]


def refused(sent: Message, caller: Platform) -> tuple[int, int, str]:
    """OCPI code, HTTP status and message with which a message is refused."""
    with pytest.raises(OcpiError) as error:
        check_owner(sent, sender_of(sent, caller))
    return error.value.status_code, error.value.http_status, error.value.message


# --- who speaks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ALL)
def test_a_party_of_another_platform_cannot_be_claimed(asked: Operation) -> None:
    """RTE-26, T3: the token decides, OCPI-from is a claim."""
    role = next(iter(asked.callers))
    thief = platform(f"BE/CP2/{role}")

    assert refused(message(asked), thief)[:2] == (2001, 200)


@pytest.mark.parametrize("asked", ALL)
def test_a_party_without_a_role_for_it_is_refused(asked: Operation) -> None:
    """OWN-06: an eMSP pushes no Location, a CPO no Token."""
    roles = [role for role in Role if role not in asked.callers and role is not Role.HUB]
    own = caller_of(asked)
    caller = platform(*(f"{own}/{role}" for role in roles))

    code, http_status, said = refused(message(asked), caller)

    assert (code, http_status) == (2001, 200)
    assert "has no role that may" in said


def test_the_registered_spelling_is_what_goes_on() -> None:
    sent = message(LIST, sender=Party("de", "ems"))

    assert str(sender_of(sent, platform("DE/EMS/EMSP"))) == "DE/EMS"


def test_a_party_with_several_roles_speaks_in_the_one_that_may() -> None:
    caller = platform("NL/CPO/CPO", "NL/CPO/EMSP")

    assert sender_of(message(LIST, sender=CPO), caller) == CPO


def test_a_suspended_party_cannot_speak() -> None:
    caller = platform("DE/EMS/EMSP", "DE/EM2/EMSP", suspended=["DE/EMS/EMSP"])

    assert refused(message(LIST), caller)[:2] == (2001, 200)


FROM_MISSING: dict[str, tuple[Message, Platform, Party]] = {
    "the only party": (message(LIST, sender=None), platform("DE/EMS/EMSP"), EMSP),
    "the only party, with two roles": (
        message(LIST, sender=None),
        platform("DE/EMS/EMSP", "DE/EMS/CPO"),
        EMSP,
    ),
    "the owner in the URL": (
        message(LOCATION_PUT, sender=None),
        platform("BE/CP2/CPO", "NL/CPO/CPO"),
        CPO,
    ),
    "the owner in the body": (
        message(CDR_POST, sender=None),
        platform("BE/CP2/CPO", "NL/CPO/CPO"),
        CPO,
    ),
}


@pytest.mark.parametrize(("sent", "caller", "expected"), FROM_MISSING.values(), ids=FROM_MISSING)
def test_without_from_the_one_party_that_it_can_be_speaks(
    sent: Message, caller: Platform, expected: Party
) -> None:
    """RTE-27."""
    assert sender_of(sent, caller) == expected


def test_without_from_one_of_several_parties_is_never_guessed() -> None:
    code, _, said = refused(message(LIST, sender=None), platform("DE/EMS/EMSP", "DE/EM2/EMSP"))

    assert code == 2001
    assert "OCPI-from missing" in said


def test_without_from_another_platforms_owner_in_the_url_does_not_speak() -> None:
    sent = message(LOCATION_PUT, sender=None)

    assert refused(sent, platform("BE/CP2/CPO"))[:2] == (2001, 404)


# --- whose object it is --------------------------------------------------------------------------


@pytest.mark.parametrize("asked", OWNED)
def test_an_owner_in_the_url_that_does_not_speak_is_a_404(asked: Operation) -> None:
    """OWN-02, OWN-04, T6."""
    role = next(iter(asked.callers))
    params = params_of(asked) | {"country_code": "BE", "party_id": "XXX"}
    caller = platform(f"{caller_of(asked)}/{role}", f"BE/XXX/{role}")

    assert refused(message(asked, params=params), caller)[:2] == (2001, 404)


@pytest.mark.parametrize("asked", OWNED)
def test_the_owner_in_the_url_may_be_written_in_any_case(asked: Operation) -> None:
    """TYP-01, OWN-07."""
    owner = caller_of(asked)
    params = params_of(asked) | {
        "country_code": owner.country_code.lower(),
        "party_id": owner.party_id.lower(),
    }

    check_owner(message(asked, params=params), owner)


BODIES: dict[str, tuple[Operation, dict[str, Any], str]] = {
    "location of another party": (LOCATION_PUT, samples.location(party_id="CP2"), "party_id"),
    "location of another country": (
        LOCATION_PUT,
        samples.location(country_code="BE"),
        "country_code",
    ),
    "location patched away": (
        LOCATION_PATCH,
        {"party_id": "CP2", "last_updated": samples.LATER},
        "party_id",
    ),
    "tariff of another party": (TARIFF_PUT, samples.tariff(party_id="CP2"), "party_id"),
    "token of another party": (TOKEN_PUT, samples.token(party_id="EM2"), "party_id"),
    "session of another party": (SESSION_PUT, samples.session(party_id="CP2"), "party_id"),
    "cdr of another party": (CDR_POST, samples.cdr(party_id="CP2"), "party_id"),
    "another location": (LOCATION_PUT, samples.location(id="LOC2"), "id"),
    "location patched to another": (
        LOCATION_PATCH,
        {"id": "LOC2", "last_updated": samples.LATER},
        "id",
    ),
    "another evse": (EVSE_PUT, samples.evse(uid="EVSE2"), "uid"),
    "another connector": (CONNECTOR_PUT, samples.connector(id="2"), "id"),
    "another tariff": (TARIFF_PUT, samples.tariff(id="TARIFF2"), "id"),
    "another token": (TOKEN_PUT, samples.token(uid="04FF"), "uid"),
    "another session": (SESSION_PUT, samples.session(id="SESSION2"), "id"),
    "start with another eMSP's token": (
        START,
        samples.start_session(token=samples.token(party_id="EM2")),
        "token",
    ),
    "reserve with another eMSP's token": (
        RESERVE,
        samples.reserve_now(token=samples.token(country_code="FR")),
        "token",
    ),
}


@pytest.mark.parametrize(("asked", "body", "field"), BODIES.values(), ids=BODIES)
def test_a_body_that_contradicts_the_url_or_the_speaker_is_a_2001(
    asked: Operation, body: dict[str, Any], field: str
) -> None:
    """OWN-02, OWN-10, CMD-10, ERR-08, SEM-15."""
    own = caller_of(asked)
    role = next(iter(asked.callers))

    code, http_status, said = refused(message(asked, document=body), platform(f"{own}/{role}"))

    assert (code, http_status) == (2001, 200)
    assert said.startswith(f"{field}:")


@pytest.mark.parametrize(
    ("asked", "body"),
    [
        pytest.param(LOCATION_PUT, samples.location(id="loc1", party_id="cpo"), id="case"),
        pytest.param(LOCATION_PUT, samples.location(token={"party_id": "EM2"}), id="own field"),
        pytest.param(START, samples.start_session(), id="own token"),
        pytest.param(
            LOCATION_PUT,
            samples.location(token={"country_code": "FR", "party_id": "EM2"}),
            id="a vendor's field called token",
        ),
    ],
)
def test_a_body_that_agrees_passes(asked: Operation, body: dict[str, Any]) -> None:
    check_owner(message(asked, document=body), caller_of(asked))


TYPES: dict[str, tuple[Operation, str, str | None, bool]] = {
    "put without type": (TOKEN_PUT, "", "APP_USER", True),
    "put with its type": (TOKEN_PUT, "type=APP_USER", "APP_USER", True),
    "put with another type": (TOKEN_PUT, "type=RFID", "APP_USER", False),
    "patch without type": (TOKEN_PATCH, "", None, True),
    "patch of the default": (TOKEN_PATCH, "", "RFID", True),
    "patch that changes the default": (TOKEN_PATCH, "", "APP_USER", False),
    "patch with its type": (TOKEN_PATCH, "type=APP_USER", "APP_USER", True),
    "patch with another type": (TOKEN_PATCH, "type=APP_USER", "RFID", False),
}


@pytest.mark.parametrize(("asked", "query", "given", "fine"), TYPES.values(), ids=TYPES)
def test_a_tokens_type_is_the_one_in_its_url(
    asked: Operation, query: str, given: str | None, fine: bool
) -> None:
    """TOK-01, TOK-02: absent means RFID, but a PUT brings a type of its own."""
    changed = {"type": given} if given else {}
    body = samples.token() | changed if asked.method == "PUT" else changed

    assert _refusal(message(asked, query=query, document=body)) == (None if fine else (2001, 200))


def _refusal(sent: Message) -> tuple[int, int] | None:
    try:
        check_owner(sent, EMSP)
    except OcpiError as error:
        return error.status_code, error.http_status
    return None


def test_the_question_is_checked_for_its_asker_even_where_it_has_no_body() -> None:
    """OWN-08: a GET on a Receiver interface gives only what the caller owns."""
    asked = row("tokens", "RECEIVER", "GET", TOKEN_PUT.path)
    assert asked.kind is Kind.READ

    assert refused(message(asked, sender=Party("FR", "EM2")), platform("FR/EM2/EMSP"))[1] == 404
