"""Asking a station for something, and what operators hear when it does not do it."""

from __future__ import annotations

from cpo_adapter.ocpp.calls import Command, CommandAnswer, Outcome
from cpo_adapter.operator_api.office import Office
from cpo_adapter.store.stations import Station
from ocpi_hub.node.rest.problems import Problem


def timeout_of(office: Office, station: Station) -> float:
    """The seconds that a station has for an answer."""
    return float(station.call_timeout or office.settings.call_timeout)


def offline(station_id: str) -> Problem:
    """The station is not there to be asked."""
    return Problem(409, f"station {station_id} is offline")


async def asked(office: Office, station: Station, command: Command) -> CommandAnswer:
    """The answer of a station that has done it: 409 offline, 504 no answer, 502 refused."""
    answer = await office.registry.perform(station.id, command, timeout=timeout_of(office, station))
    match answer.outcome:
        case Outcome.NOT_CONNECTED:
            raise offline(station.id)
        case Outcome.TIMEOUT:
            raise Problem(504, answer.detail or f"station {station.id} did not answer")
        case outcome if not outcome.accepted:
            raise Problem(
                502,
                f"station {station.id} answered {answer.status}"
                + (f": {answer.detail}" if answer.detail else ""),
                code=answer.status,
                description=answer.detail or "",
            )
        case _:
            return answer
