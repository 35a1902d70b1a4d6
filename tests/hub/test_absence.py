"""What it is called when a receiver is not there: 4001, 4002, 4003, for each reason."""

from __future__ import annotations

from starlette.responses import Response

from tests import samples
from tests.hub.network import Network, status
from tests.parties import RecordingParty, envelope


async def put_session(cpo: RecordingParty) -> tuple[int, int]:
    response = await cpo.call(
        "PUT", "receiver", "sessions", "NL/CPO/SESSION1", samples.session(), to="DE/EMS"
    )
    return status(response)


async def test_an_unknown_receiver_is_a_4001(cpo: RecordingParty) -> None:
    assert await put_session(cpo) == (200, 4001)


async def test_a_receiver_without_the_module_is_a_4001(
    network: Network, cpo: RecordingParty
) -> None:
    await network.join("DE/EMS/EMSP", receivers=("locations",))

    assert await put_session(cpo) == (200, 4001)


async def test_a_receiver_that_hangs_is_a_4002(cpo: RecordingParty, emsp: RecordingParty) -> None:
    emsp.answer = emsp.never

    assert await put_session(cpo) == (200, 4002)


async def test_a_receiver_that_is_down_is_a_4003(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await network.stop(emsp)

    assert await put_session(cpo) == (200, 4003)


async def test_a_receiver_that_refuses_our_token_is_a_4003(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    emsp.token = "another"

    assert await put_session(cpo) == (200, 4003)


async def test_a_suspended_receiver_is_a_4003_and_hears_nothing(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await network.run("partner", "suspend", "platform-2")
    await network.hub.registry.refresh()

    assert await put_session(cpo) == (200, 4003)
    assert not emsp.of("PUT", "/receiver/sessions")


async def test_a_party_that_has_never_connected_is_a_4003(
    network: Network, cpo: RecordingParty
) -> None:
    await network.invite("ems", ["DE/EMS/EMSP"])

    assert await put_session(cpo) == (200, 4003)


async def test_a_receiver_that_asked_for_a_pause_is_not_called_before_its_end(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    """F9: Retry-After is honoured, for relayed messages as well."""

    def busy() -> Response:
        return envelope(None, 2000, http_status=429, **{"Retry-After": "60"})

    emsp.say(busy, below="/receiver/sessions")

    first = await put_session(cpo)
    second = await put_session(cpo)

    assert (first, second) == ((429, 2000), (200, 4003))
    assert len(emsp.of("PUT", "/receiver/sessions")) == 1
