"""The CALLs that a station answers, whichever the version: checked, then looked up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from ocpp.messages import MessageType, get_validator  # type: ignore[import-untyped]  # has no types

from cpo_adapter.simulator import maintenance, remote
from cpo_adapter.simulator.clock import written
from cpo_adapter.simulator.link import Answer, Call, Unanswerable
from cpo_adapter.simulator.profiles import Period, Profile, Purpose, in_unit
from cpo_adapter.simulator.station import Station

Payload = dict[str, Any]
Handler = Callable[[Station, Payload], Answer]


@dataclass(frozen=True, slots=True)
class Requests:
    """What a version can be asked. `malformed` is its word for a payload that breaks the schema."""

    version: str
    malformed: str
    handlers: Mapping[str, Handler]

    def __call__(self, station: Station, call: Call) -> Answer:
        """The answer, or Unanswerable."""
        handler = self.handlers.get(call.action)
        if handler is None:
            raise Unanswerable("NotImplemented", f"this station does not know {call.action}")
        validator = get_validator(MessageType.Call, call.action, self.version, parse_float=Decimal)
        error = next(iter(validator.iter_errors(call.payload)), None)
        if error is not None:
            place = ".".join(map(str, error.absolute_path)) or "payload"
            raise Unanswerable(self.malformed, f"{place}: {error.message}")
        return handler(station, call.payload)


def status(word: str) -> Answer:
    """An answer that is one word."""
    return Answer({"status": word})


def constant(word: str) -> Handler:
    """A handler that always answers the same word."""
    return lambda station, payload: status(word)


def moment(text: str | None) -> datetime | None:
    """A time as the schemas have it; Unanswerable when it is none."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Unanswerable("PropertyConstraintViolation", f"{text!r} is not a time") from None
    if found.tzinfo is None:
        raise Unanswerable("PropertyConstraintViolation", f"{text!r} has no time zone")
    return found


def profile(
    written_profile: Payload,
    schedule: Payload,
    *,
    id: int,
    connector: int,
    purpose: Purpose,
    received_at: datetime,
) -> Profile:
    """A charging profile; all but its id and its purpose is spelled alike in both versions."""
    return Profile(
        id=id,
        connector=connector,
        purpose=purpose,
        stack_level=written_profile["stackLevel"],
        kind=written_profile["chargingProfileKind"],
        unit=schedule["chargingRateUnit"],
        periods=tuple(
            Period(period["startPeriod"], Decimal(period["limit"]), period.get("numberPhases"))
            for period in schedule["chargingSchedulePeriod"]
        ),
        received_at=received_at,
        start=moment(schedule.get("startSchedule")),
        duration=schedule.get("duration"),
        recurrence=written_profile.get("recurrencyKind"),
        valid_from=moment(written_profile.get("validFrom")),
        valid_to=moment(written_profile.get("validTo")),
    )


def composite(station: Station, number: int, payload: Payload) -> Payload | None:
    """The schedule that the profiles leave to a connector; None if there is none like that."""
    connector = station.connectors.get(number)
    if connector is None or payload["duration"] <= 0:
        return None
    unit = payload.get("chargingRateUnit", "W")
    supply = station.supply(connector)
    now = station.clock.now()
    periods = station.profiles.schedule(now, payload["duration"], supply)
    return {
        "at": written(now),
        "unit": unit,
        "periods": [
            {"startPeriod": offset, "limit": in_unit(watts, unit, supply.phases)}
            for offset, watts in periods
        ],
    }


def triggered(station: Station, message: str, number: int) -> Answer:
    """The answer to a trigger for a connector or, with 0, all of them; the message follows it."""
    connectors = remote.chosen(station, number)
    if not connectors:
        return status(remote.REJECTED)
    if message not in remote.TRIGGERS:
        return status("NotImplemented")
    return accepted(partial(remote.trigger, station, message, connectors))


def accepted(then: Callable[[], object]) -> Answer:
    """Accepted, and what follows."""
    return Answer({"status": remote.ACCEPTED}, then)


def log_name(station: Station) -> str:
    """What the station's log is called."""
    return f"{station.name}-{station.clock.now():%Y%m%dT%H%M%SZ}.log"


def upload(station: Station, location: str, *, request_id: int | None) -> Callable[[], object]:
    """Begins to upload the log."""
    return lambda: station.spawn(
        maintenance.upload_log(station, location, log_name(station), request_id=request_id)
    )
