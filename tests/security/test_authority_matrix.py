"""Who may say what: every operation of the table with every role, party, owner and id it may claim.

OWN-01 to OWN-10, RTE-26, T3, T6, T8: authority comes from the token, everything else is a claim.
"""

from __future__ import annotations

from typing import Any

import pytest

from ocpi_hub.protocol.modules import FUNCTIONAL, Kind, Operation
from ocpi_hub.protocol.roles import Role
from tests.parties import RecordingParty
from tests.security.operations import names_owner, owned, path, sample
from tests.security.scene import Scene, name

ROUTED = tuple(row for row in FUNCTIONAL if row.kind is not Kind.CALLBACK)
OWNED = tuple(row for row in ROUTED if owned(row))
WITH_OWNER = tuple(row for row in ROUTED if names_owner(row))
_ID_FIELDS = ("id", "uid")

_QUERY = "date_from=2026-01-01T00:00:00Z&duration=60&response_url=http://127.0.0.1/1"


def _title(operation: Operation) -> str:
    return operation.operation_id


def _body(operation: Operation, **overrides: Any) -> dict[str, Any] | None:
    return sample(operation, **overrides) if operation.body else None


@pytest.fixture(scope="module")
async def speakers(hub: Scene) -> dict[Role, RecordingParty]:
    """A platform for each role, and nothing but that role."""
    joined = {role: await hub.network.join(f"FR/{role[:3]}/{role}") for role in _OTHER_ROLES}
    return joined | {Role.CPO: hub.cpo, Role.EMSP: hub.emsp}


_OTHER_ROLES = (Role.NAP, Role.NSP, Role.OTHER, Role.SCSP)
_NOT_ALLOWED = [
    pytest.param(operation, role, id=f"{operation.operation_id}-{role}")
    for operation in ROUTED
    for role in (Role.CPO, Role.EMSP, *_OTHER_ROLES)
    if role not in operation.callers
]


@pytest.mark.parametrize(("operation", "role"), _NOT_ALLOWED)
async def test_a_role_that_does_not_use_an_operation_is_refused(
    hub: Scene, speakers: dict[Role, RecordingParty], operation: Operation, role: Role
) -> None:
    """OWN-06, T8: also with its own party in OCPI-from, the URL and the body."""
    party = speakers[role]
    country_code, party_id = party.first
    owner = {"country_code": country_code, "party_id": party_id} if names_owner(operation) else {}
    where = path(operation, name(party) if owned(operation) else "")

    answer = await hub.refused(
        party,
        operation.method,
        f"{where}?{_QUERY}",
        _body(operation, **owner),
        from_=name(party),
    )

    assert answer.status == (200, 2001), answer.message
    assert "no role" in answer.message


def _spellings(party: RecordingParty) -> tuple[str, ...]:
    return name(party), name(party).lower(), name(party).swapcase()


@pytest.mark.parametrize("spelling", [0, 1, 2], ids=["as registered", "lower case", "mixed case"])
@pytest.mark.parametrize("operation", ROUTED, ids=_title)
async def test_nobody_speaks_for_another_platforms_party(
    hub: Scene, operation: Operation, spelling: int
) -> None:
    """T3: OCPI-from, the URL and the body name the victim, the token is the attacker's."""
    victim, attacker = hub.caller(operation), _rival(hub, operation)
    claimed = _spellings(victim)[spelling]

    answer = await hub.refused(
        attacker,
        operation.method,
        f"{path(operation, claimed if owned(operation) else '')}?{_QUERY}",
        _body(operation),
        from_=claimed,
    )

    assert answer.status == (200, 2001), answer.message
    assert "OCPI-from" in answer.message


@pytest.mark.parametrize("to", [None, "NL/HUB", "the counterpart"])
@pytest.mark.parametrize("spelling", [0, 1, 2], ids=["as registered", "lower case", "mixed case"])
@pytest.mark.parametrize("operation", OWNED, ids=_title)
async def test_nobody_touches_another_owners_object(
    hub: Scene, operation: Operation, spelling: int, to: str | None
) -> None:
    """T6, ERR-09: the attacker speaks for itself, the URL and the body name the victim."""
    victim, attacker = hub.caller(operation), _rival(hub, operation)
    receiver = name(hub.receiver(operation)) if to == "the counterpart" else to

    answer = await hub.refused(
        attacker,
        operation.method,
        path(operation, _spellings(victim)[spelling]),
        _body(operation),
        from_=name(attacker),
        to=receiver,
    )

    assert answer.status == (404, 2001), answer.message
    assert name(victim).lower() in answer.message.lower()


@pytest.mark.parametrize("field", ["country_code", "party_id"])
@pytest.mark.parametrize("operation", WITH_OWNER, ids=_title)
async def test_a_body_of_another_owner_is_refused(
    hub: Scene, operation: Operation, field: str
) -> None:
    """OWN-02: the URL names the owner that speaks, the body somebody else."""
    another = {"country_code": "BE", "party_id": "XXX"}[field]

    answer = await hub.refused(
        hub.caller(operation),
        operation.method,
        hub.path(operation),
        _body(operation, **{field: another}),
        from_=name(hub.caller(operation)),
    )

    assert answer.status == (200, 2001), answer.message
    assert field in answer.message


_WITH_ID = [
    pytest.param(operation, field, id=f"{operation.operation_id}-{field}")
    for operation in OWNED
    for field in _ID_FIELDS
    if operation.body and field in operation.body.model_fields
]


@pytest.mark.parametrize(("operation", "field"), _WITH_ID)
async def test_a_body_with_another_id_than_the_url_is_refused(
    hub: Scene, operation: Operation, field: str
) -> None:
    """ERR-08, STA-11."""
    answer = await hub.refused(
        hub.caller(operation),
        operation.method,
        hub.path(operation),
        _body(operation, **{field: "another"}),
    )

    assert answer.status == (200, 2001), answer.message
    assert answer.message.startswith(f"{field}:")


@pytest.mark.parametrize("operation", ROUTED, ids=_title)
async def test_an_unknown_receiver_is_4001(hub: Scene, operation: Operation) -> None:
    """RTE-32, ERR-24: and the party that is known by nearly that name hears nothing."""
    answer = await hub.refused(
        hub.caller(operation),
        operation.method,
        f"{hub.path(operation)}?{_QUERY}",
        _body(operation),
        to="XX/EMS",
    )

    assert answer.status == (200, 4001), answer.message
    assert "XX/EMS" in answer.message


@pytest.mark.parametrize("operation", ROUTED, ids=_title)
async def test_a_receiver_without_the_role_is_4001(hub: Scene, operation: Operation) -> None:
    """RTE-28: a message goes to who can take it, also where the address exists."""
    answer = await hub.refused(
        hub.caller(operation),
        operation.method,
        f"{hub.path(operation)}?{_QUERY}",
        _body(operation),
        to=name(_rival(hub, operation)),
    )

    assert answer.status == (200, 4001), answer.message


def _rival(hub: Scene, operation: Operation) -> RecordingParty:
    """Another party in the caller's role."""
    return hub.rival_cpo if hub.caller(operation) is hub.cpo else hub.rival_emsp


# --- reading what is not one's own ------------------------------------------------------------


@pytest.fixture(scope="module")
async def cdr_url(hub: Scene) -> str:
    """The hub's URL of a CDR of NL/CPO for DE/EMS."""
    answer = await hub.ask(hub.cpo, "POST", "/receiver/2.2.1/cdrs", sample(_POST_CDR))
    assert answer.code == 1000, answer.message
    return str(answer.response.headers["location"]).partition("/ocpi")[2]


_POST_CDR = next(row for row in FUNCTIONAL if row.module == "cdrs" and row.method == "POST")


@pytest.mark.parametrize("module", ["sessions", "cdrs"])
async def test_sessions_and_cdrs_are_listed_to_their_two_parties_only(
    hub: Scene, cdr_url: str, module: str
) -> None:
    """T7, RTE-23, SEC-04: not even the count shows that others have some."""
    where = f"/sender/2.2.1/{module}?date_from=2020-01-01T00:00:00Z"

    own = await hub.ask(hub.emsp, "GET", where, to="NL/HUB")
    others = await hub.ask(hub.rival_emsp, "GET", where, to="NL/HUB")

    assert (len(own.response.json()["data"]), own.response.headers["x-total-count"]) == (1, "1")
    assert (others.response.json()["data"], others.response.headers["x-total-count"]) == ([], "0")


@pytest.mark.parametrize("reader", ["rival_cpo", "rival_emsp"])
async def test_the_url_of_a_cdr_is_of_use_to_its_two_parties_only(
    hub: Scene, cdr_url: str, reader: str
) -> None:
    """T7, SEC-08: whoever learns the URL learns nothing from it."""
    answer = await hub.refused(getattr(hub, reader), "GET", cdr_url)

    assert answer.code == 2001
    assert "CDR1" not in answer.response.text


@pytest.mark.parametrize("reader", ["emsp", "rival_emsp"])
async def test_tokens_are_not_shown_to_emsps(hub: Scene, reader: str) -> None:
    """T20, RTE-23."""
    answer = await hub.refused(getattr(hub, reader), "GET", "/sender/2.2.1/tokens", to="NL/HUB")

    assert answer.status == (200, 2001), answer.message
    assert "04A1B2C3D4E5F6" not in answer.response.text


async def test_another_emsps_push_of_the_same_uid_changes_nothing_for_its_owner(hub: Scene) -> None:
    """T20: a uid belongs to its owner; where two claim it, nobody is asked by guess."""
    where = "/receiver/2.2.1/tokens/DE/RIV/04A1B2C3D4E5F6"
    body = sample(_PUT_TOKEN, party_id="RIV", valid=False)

    squatted = await hub.ask(hub.rival_emsp, "PUT", where, body)
    by_owner = await hub.ask(hub.emsp, "GET", "/receiver/2.2.1/tokens/DE/EMS/04A1B2C3D4E5F6")
    authorize = "/sender/2.2.1/tokens/04A1B2C3D4E5F6/authorize"
    named = await hub.ask(hub.cpo, "POST", authorize, to="DE/EMS")
    unnamed = await hub.refused(hub.cpo, "POST", authorize)

    assert squatted.status == (201, 1000)
    assert by_owner.response.json()["data"]["valid"] is True
    assert named.response.json()["data"]["allowed"] == "ALLOWED"
    assert unnamed.status == (200, 4001)


_PUT_TOKEN = next(row for row in FUNCTIONAL if row.module == "tokens" and row.method == "PUT")
