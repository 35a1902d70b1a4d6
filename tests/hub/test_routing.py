"""Where a message goes: the whole routing table, row by row, over a snapshot made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.message import Message
from ocpi_hub.protocol.modules import FUNCTIONAL, Kind, Operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.quirks import Quirk
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.routing import (
    Broadcast,
    Decision,
    Direct,
    GetAll,
    Lookup,
    Open,
    Stored,
    check_connected,
    route,
    settle,
)
from ocpi_hub.snapshot import Platform, Snapshot
from ocpi_hub.store.platforms import PlatformStatus, Presence
from tests import samples
from tests.hub.snapshots import ENDED, IN_FORCE, platform, snapshot
from tests.protocol.messages import CPO, EMSP, HUB, caller_of, message, receiver_of, row

CPO_PLATFORM = platform("NL/CPO/CPO")
EMSP_PLATFORM = platform("DE/EMS/EMSP")
EVERYBODY = snapshot(
    CPO_PLATFORM,
    EMSP_PLATFORM,
    platform("BE/CP2/CPO", "BE/CP3/CPO"),
    platform("FR/EM2/EMSP"),
    platform("FR/NAV/NSP"),
)
_PLATFORMS = {CPO: CPO_PLATFORM, EMSP: EMSP_PLATFORM}

LOCATION = "{country_code}/{party_id}/{location_id}"
EVSE = f"{LOCATION}/{{evse_uid}}"
TARIFF = "{country_code}/{party_id}/{tariff_id}"
TOKEN = "{country_code}/{party_id}/{token_uid}"
SESSION = "{country_code}/{party_id}/{session_id}"
CDR_POST = row("cdrs", "RECEIVER", "POST")
CDR_GET = row("cdrs", "RECEIVER", "GET", "{cdr_reference}")


def routed(sent: Message, *, world: Snapshot = EVERYBODY) -> Decision:
    """The decision for a message that its caller's platform sends."""
    assert sent.sender is not None
    return route(sent, world.platforms[_PLATFORMS[sent.sender].id], world)


def refused(sent: Message, caller: Platform, world: Snapshot = EVERYBODY) -> tuple[int, int]:
    """The OCPI code and HTTP status with which a message is refused."""
    with pytest.raises(OcpiError) as error:
        route(sent, caller, world)
    return error.value.status_code, error.value.http_status


def named(rows: tuple[Operation, ...]) -> Any:
    """Parameters whose ids are the rows' names."""
    return [pytest.param(each, id=each.operation_id) for each in rows]


# --- one party in OCPI-to ------------------------------------------------------------------------

# A result comes to a URL the hub made, and is not routed by headers.
ROUTED = tuple(each for each in FUNCTIONAL if each.kind is not Kind.CALLBACK)


@pytest.mark.parametrize("asked", named(ROUTED))
def test_a_party_in_to_gets_the_message(asked: Operation) -> None:
    decision = routed(message(asked, receiver=receiver_of(asked)))

    assert isinstance(decision, Direct)
    assert decision.sender == caller_of(asked)
    assert decision.receiver.party == receiver_of(asked)
    assert decision.receiver.role in asked.receivers


@pytest.mark.parametrize("asked", named(ROUTED))
def test_an_unknown_receiver_is_a_4001(asked: Operation) -> None:
    sent = message(asked, receiver=Party("XX", "XXX"))

    assert refused(sent, _PLATFORMS[caller_of(asked)]) == (4001, 200)


@pytest.mark.parametrize("asked", named(ROUTED))
def test_a_receiver_without_the_role_is_a_4001(asked: Operation) -> None:
    other = Role.SCSP if Role.NAP in asked.receivers else Role.NAP
    world = snapshot(CPO_PLATFORM, EMSP_PLATFORM, platform(f"FR/OPS/{other}"))
    sent = message(asked, receiver=Party("FR", "OPS"))

    assert refused(sent, _PLATFORMS[caller_of(asked)], world) == (4001, 200)


@pytest.mark.parametrize("asked", named((row("sessions", "RECEIVER", "PUT", SESSION), CDR_POST)))
def test_a_session_or_cdr_goes_to_nobody_but_the_owner_of_its_token(asked: Operation) -> None:
    """SES-23, CDR-27: another eMSP would get the driver's data."""
    sent = message(asked, receiver=Party("FR", "EM2"))

    assert refused(sent, CPO_PLATFORM) == (2001, 200)


# --- the hub in OCPI-to --------------------------------------------------------------------------


@pytest.mark.parametrize("asked", named(tuple(r for r in FUNCTIONAL if r.broadcast)))
def test_a_push_of_a_shared_object_to_the_hub_is_broadcast(asked: Operation) -> None:
    assert routed(message(asked, receiver=HUB)) == Broadcast(caller_of(asked))


@pytest.mark.parametrize("asked", named(tuple(r for r in FUNCTIONAL if r.kind is Kind.LIST)))
def test_a_list_asked_of_the_hub_is_a_get_all(asked: Operation) -> None:
    assert routed(message(asked, receiver=HUB)) == GetAll(caller_of(asked))


@pytest.mark.parametrize(
    ("module", "path"),
    [
        ("locations", "{location_id}"),
        ("locations", "{location_id}/{evse_uid}"),
        ("locations", "{location_id}/{evse_uid}/{connector_id}"),
        ("tariffs", "{tariff_id}"),
    ],
)
def test_one_object_asked_of_the_hub_is_read_from_the_catalogue(module: str, path: str) -> None:
    """RTE-25."""
    asked = row(module, "SENDER", "GET", path)

    assert routed(message(asked, receiver=HUB)) == Stored(EMSP)


@pytest.mark.parametrize(
    "asked",
    named(
        tuple(
            r
            for r in FUNCTIONAL
            if r.kind is Kind.READ and r.interface is Interface.RECEIVER and r.module != "cdrs"
        )
    ),
)
def test_a_get_on_a_receiver_interface_of_the_hub_is_a_2000(asked: Operation) -> None:
    """RTE-24: neither a broadcast, which 4.1.8.3 forbids for GET, nor a GET All."""
    sent = message(asked, receiver=HUB)

    assert refused(sent, _PLATFORMS[caller_of(asked)]) == (2000, 200)


def test_a_cdr_is_read_at_the_hubs_own_url() -> None:
    """HUB-09: the URL in its Location is the hub's."""
    assert routed(message(CDR_GET, receiver=HUB)) == Stored(CPO)


@pytest.mark.parametrize(
    "asked", named(tuple(r for r in FUNCTIONAL if r.kind in (Kind.CALL, Kind.EVENT)))
)
def test_what_concerns_one_party_cannot_be_addressed_to_the_hub(asked: Operation) -> None:
    """RTE-15, RTE-33."""
    sent = message(asked, receiver=HUB)

    assert refused(sent, _PLATFORMS[caller_of(asked)]) == (2001, 200)


# --- no OCPI-to ----------------------------------------------------------------------------------

WITHOUT_TO: dict[str, tuple[Operation, Decision]] = {
    "location put": (row("locations", "RECEIVER", "PUT", LOCATION), Broadcast(CPO)),
    "evse patch": (row("locations", "RECEIVER", "PATCH", EVSE), Broadcast(CPO)),
    "tariff put": (row("tariffs", "RECEIVER", "PUT", TARIFF), Broadcast(CPO)),
    "tariff delete": (row("tariffs", "RECEIVER", "DELETE", TARIFF), Broadcast(CPO)),
    "token put": (row("tokens", "RECEIVER", "PUT", TOKEN), Broadcast(EMSP)),
    "token patch": (row("tokens", "RECEIVER", "PATCH", TOKEN), Broadcast(EMSP)),
    "own location back": (row("locations", "RECEIVER", "GET", LOCATION), Stored(CPO, own=True)),
    "own token back": (row("tokens", "RECEIVER", "GET", TOKEN), Stored(EMSP, own=True)),
    "own cdr back": (CDR_GET, Stored(CPO, own=True)),
    "own session back": (
        row("sessions", "RECEIVER", "GET", SESSION),
        Open(CPO, Lookup.SESSION_EMSP),
    ),
    "session patch": (
        row("sessions", "RECEIVER", "PATCH", SESSION),
        Open(CPO, Lookup.SESSION_EMSP),
    ),
    "location get": (
        row("locations", "SENDER", "GET", "{location_id}"),
        Open(EMSP, Lookup.LOCATION),
    ),
    "tariff get": (row("tariffs", "SENDER", "GET", "{tariff_id}"), Open(EMSP, Lookup.TARIFF)),
    "authorize": (
        row("tokens", "SENDER", "POST", "{token_uid}/authorize"),
        Open(CPO, Lookup.TOKEN),
    ),
    "charging preferences": (
        row("sessions", "SENDER", "PUT", "{session_id}/charging_preferences"),
        Open(EMSP, Lookup.SESSION_CPO),
    ),
    "start": (row("commands", "RECEIVER", "POST", "START_SESSION"), Open(EMSP, Lookup.LOCATION)),
    "reserve": (row("commands", "RECEIVER", "POST", "RESERVE_NOW"), Open(EMSP, Lookup.LOCATION)),
    "unlock": (
        row("commands", "RECEIVER", "POST", "UNLOCK_CONNECTOR"),
        Open(EMSP, Lookup.LOCATION),
    ),
    "stop": (row("commands", "RECEIVER", "POST", "STOP_SESSION"), Open(EMSP, Lookup.SESSION_CPO)),
    "set profile": (
        row("chargingprofiles", "RECEIVER", "PUT", "{session_id}"),
        Open(EMSP, Lookup.SESSION_CPO),
    ),
    "get profile": (
        row("chargingprofiles", "RECEIVER", "GET", "{session_id}"),
        Open(EMSP, Lookup.SESSION_CPO),
    ),
    "clear profile": (
        row("chargingprofiles", "RECEIVER", "DELETE", "{session_id}"),
        Open(EMSP, Lookup.SESSION_CPO),
    ),
    "active profile": (
        row("chargingprofiles", "SENDER", "PUT", "{session_id}"),
        Open(CPO, Lookup.SESSION_EMSP),
    ),
}


@pytest.mark.parametrize(("asked", "expected"), WITHOUT_TO.values(), ids=WITHOUT_TO)
def test_without_to_the_content_tells_where_a_message_goes(
    asked: Operation, expected: Decision
) -> None:
    assert routed(message(asked)) == expected


@pytest.mark.parametrize(
    "asked",
    named((row("sessions", "RECEIVER", "PUT", SESSION), CDR_POST)),
)
def test_a_session_or_cdr_without_to_goes_to_the_owner_of_its_token(asked: Operation) -> None:
    """RTE-19."""
    decision = routed(message(asked))

    assert isinstance(decision, Direct)
    assert decision.receiver.party == EMSP


def test_a_session_of_an_unknown_emsps_token_is_a_4001() -> None:
    foreign = samples.session(cdr_token=samples.cdr_token(party_id="XXX"))
    sent = message(row("sessions", "RECEIVER", "PUT", SESSION), document=foreign)

    assert refused(sent, CPO_PLATFORM) == (4001, 200)


def test_a_cancelled_reservation_does_not_tell_its_receiver() -> None:
    """RTE-20: no guess."""
    sent = message(row("commands", "RECEIVER", "POST", "CANCEL_RESERVATION"))

    assert refused(sent, EMSP_PLATFORM) == (4001, 200)


LISTS = tuple(each for each in FUNCTIONAL if each.kind is Kind.LIST)


@pytest.mark.parametrize("asked", named(LISTS))
def test_a_list_without_to_is_a_2001(asked: Operation) -> None:
    assert refused(message(asked), _PLATFORMS[caller_of(asked)]) == (2001, 200)


@pytest.mark.parametrize("asked", named(LISTS))
def test_a_list_without_to_is_a_get_all_for_a_peer_known_for_it(asked: Operation) -> None:
    own = _PLATFORMS[caller_of(asked)]
    known = replace(own, quirks=frozenset({Quirk.LIST_WITHOUT_TO.value}))

    assert route(message(asked), known, EVERYBODY) == GetAll(caller_of(asked))


@pytest.mark.parametrize(
    ("to", "code"), [(None, 4001), (HUB, 2001)], ids=["without to", "to the hub"]
)
def test_a_custom_module_needs_a_party_in_to(to: Party | None, code: int) -> None:
    """VER-12: the hub knows nothing of its content."""
    sent = message(custom_row(), sender=CPO, receiver=to)

    assert refused(sent, CPO_PLATFORM) == (code, 200)


def test_a_custom_module_goes_to_the_party_in_to() -> None:
    decision = routed(message(custom_row(), sender=CPO, receiver=EMSP))

    assert isinstance(decision, Direct)
    assert decision.receiver.party == EMSP


def custom_row() -> Operation:
    """A row as the routes make it for a module that is not in the table."""
    roles = frozenset(Role)
    return Operation("nltst-extra", Interface.RECEIVER, "PUT", "", Kind.CALL, roles, roles)


# --- who is there --------------------------------------------------------------------------------


def test_a_party_is_found_whatever_its_case_and_keeps_its_registered_spelling() -> None:
    """RTE-07."""
    start = row("commands", "RECEIVER", "POST", "START_SESSION")

    decision = route(
        message(start, sender=Party("de", "Ems"), receiver=Party("nl", "cPo")),
        EMSP_PLATFORM,
        EVERYBODY,
    )

    assert isinstance(decision, Direct)
    assert (str(decision.sender), str(decision.receiver.party)) == ("DE/EMS", "NL/CPO")


@pytest.mark.parametrize(
    ("asked", "role"),
    [
        (row("locations", "RECEIVER", "PUT", LOCATION), Role.EMSP),
        (row("locations", "SENDER", "GET", "{location_id}"), Role.CPO),
    ],
    ids=["push", "pull"],
)
def test_one_party_id_with_two_roles_is_addressed_by_module_and_interface(
    asked: Operation, role: Role
) -> None:
    """RTE-29."""
    both = platform("BE/ABC/CPO", "BE/ABC/EMSP")
    world = snapshot(CPO_PLATFORM, EMSP_PLATFORM, both)

    decision = routed(message(asked, receiver=Party("BE", "ABC")), world=world)

    assert isinstance(decision, Direct)
    assert decision.receiver.role is role


def test_a_cpo_and_an_emsp_of_one_platform_talk_through_the_hub() -> None:
    """RTE-30."""
    both = platform("NL/CPO/CPO", "DE/EMS/EMSP")
    put = message(row("locations", "RECEIVER", "PUT", LOCATION), receiver=EMSP)

    decision = route(put, both, snapshot(both))

    assert isinstance(decision, Direct)
    assert decision.receiver.platform_id == both.id


def test_one_party_with_cpo_and_emsp_on_two_platforms_is_two_receivers() -> None:
    charging, driving = platform("BE/ABC/CPO"), platform("BE/ABC/EMSP")
    world = snapshot(CPO_PLATFORM, EMSP_PLATFORM, charging, driving)
    push = message(row("locations", "RECEIVER", "PUT", LOCATION), receiver=Party("BE", "ABC"))
    pull = message(row("locations", "SENDER", "GET", "{location_id}"), receiver=Party("BE", "ABC"))

    pushed, pulled = routed(push, world=world), routed(pull, world=world)

    assert isinstance(pushed, Direct)
    assert isinstance(pulled, Direct)
    assert (pushed.receiver.platform_id, pulled.receiver.platform_id) == (driving.id, charging.id)


CONNECTED = {
    "connected": (platform("NL/CPO/CPO"), None),
    "offline": (platform("NL/CPO/CPO", presence=Presence.OFFLINE), 4003),
    "never connected": (platform("NL/CPO/CPO", status=PlatformStatus.INVITED), 4003),
    "suspended platform": (platform("NL/CPO/CPO", status=PlatformStatus.SUSPENDED), 4003),
    "suspended party": (platform("NL/CPO/CPO", suspended=["NL/CPO/CPO"]), 4003),
}


@pytest.mark.parametrize(("receiver", "code"), CONNECTED.values(), ids=CONNECTED)
def test_a_receiver_that_is_known_but_not_there_is_a_4003(
    receiver: Platform, code: int | None
) -> None:
    world = snapshot(receiver, EMSP_PLATFORM)
    start = message(row("commands", "RECEIVER", "POST", "START_SESSION"), receiver=CPO)
    decision = routed(start, world=world)
    assert isinstance(decision, Direct)

    assert _connection(decision, world) == code


def _connection(decision: Direct, world: Snapshot) -> int | None:
    try:
        check_connected(decision, world)
    except OcpiError as error:
        return error.status_code
    return None


# --- agreements ----------------------------------------------------------------------------------

BETWEEN = ("NL/CPO", "DE/EMS")


def under(**modules: Any) -> Snapshot:
    """CPO and eMSP at a hub that requires agreements, and those they have."""
    return snapshot(CPO_PLATFORM, EMSP_PLATFORM, mode="required", agreements={BETWEEN: modules})


@pytest.mark.parametrize("asked", named(ROUTED))
def test_without_an_agreement_a_party_is_unknown(asked: Operation) -> None:
    """HUB-23."""
    sent = message(asked, receiver=receiver_of(asked))

    assert refused(sent, _PLATFORMS[caller_of(asked)], under()) == (4001, 200)


@pytest.mark.parametrize("asked", named(ROUTED))
def test_an_agreement_about_the_module_opens_it_both_ways(asked: Operation) -> None:
    sent = message(asked, receiver=receiver_of(asked))

    assert isinstance(routed(sent, world=under(**{asked.module: IN_FORCE})), Direct)


def test_an_agreement_about_another_module_opens_nothing() -> None:
    sent = message(row("locations", "SENDER", "GET"), receiver=CPO)

    assert refused(sent, EMSP_PLATFORM, under(tariffs=IN_FORCE)) == (4001, 200)


@pytest.mark.parametrize(
    "asked",
    named(
        (
            row("sessions", "RECEIVER", "PUT", SESSION),
            row("sessions", "RECEIVER", "PATCH", SESSION),
            CDR_POST,
            row("commands", "RECEIVER", "POST", "STOP_SESSION"),
        )
    ),
)
def test_an_ended_agreement_carries_what_was_begun_under_it(asked: Operation) -> None:
    sent = message(asked, receiver=receiver_of(asked))

    decision = routed(sent, world=under(**{asked.module: ENDED}))

    assert isinstance(decision, Direct)
    assert decision.ended


@pytest.mark.parametrize(
    "asked",
    named(
        (
            row("commands", "RECEIVER", "POST", "START_SESSION"),
            row("locations", "RECEIVER", "PUT", LOCATION),
            row("tokens", "SENDER", "POST", "{token_uid}/authorize"),
        )
    ),
)
def test_an_ended_agreement_carries_nothing_new(asked: Operation) -> None:
    sent = message(asked, receiver=receiver_of(asked))

    world = under(**{asked.module: ENDED})

    assert refused(sent, _PLATFORMS[caller_of(asked)], world) == (4001, 200)


# --- what a look-up found ------------------------------------------------------------------------

START = message(row("commands", "RECEIVER", "POST", "START_SESSION"))
AUTHORIZE = message(row("tokens", "SENDER", "POST", "{token_uid}/authorize"))


def settled(sent: Message, lookup: Lookup, *owners: Party, world: Snapshot = EVERYBODY) -> Any:
    """The receiver that `settle` finds, or the codes of its refusal."""
    assert sent.sender is not None
    try:
        return settle(sent, Open(sent.sender, lookup), owners, world).receiver.party
    except OcpiError as error:
        return error.status_code, error.http_status


CP2 = Party("BE", "CP2")

FOUND = {
    "one location": (START, Lookup.LOCATION, [CPO], CPO),
    "one token": (AUTHORIZE, Lookup.TOKEN, [EMSP], EMSP),
    "no location": (START, Lookup.LOCATION, [], (4001, 200)),
    "no token": (AUTHORIZE, Lookup.TOKEN, [], (2004, 404)),
    "two locations": (START, Lookup.LOCATION, [CPO, CP2], (4001, 200)),
    "two tokens": (AUTHORIZE, Lookup.TOKEN, [EMSP, Party("FR", "EM2")], (4001, 200)),
    "an owner that is gone": (START, Lookup.LOCATION, [Party("XX", "XXX")], (4001, 200)),
    "one gone, one there": (START, Lookup.LOCATION, [Party("XX", "XXX"), CPO], CPO),
    "no session": (
        message(row("sessions", "RECEIVER", "PATCH", SESSION)),
        Lookup.SESSION_EMSP,
        [],
        (4001, 200),
    ),
}


@pytest.mark.parametrize(("sent", "lookup", "owners", "expected"), FOUND.values(), ids=FOUND)
def test_exactly_one_owner_settles_where_a_message_goes(
    sent: Message, lookup: Lookup, owners: list[Party], expected: Any
) -> None:
    """RTE-20, STA-14."""
    assert settled(sent, lookup, *owners) == expected


def test_an_owner_without_an_agreement_does_not_count() -> None:
    world = snapshot(
        CPO_PLATFORM,
        EMSP_PLATFORM,
        platform("BE/CP2/CPO"),
        mode="required",
        agreements={BETWEEN: {"commands": IN_FORCE}},
    )

    assert settled(START, Lookup.LOCATION, CPO, CP2, world=world) == CPO
