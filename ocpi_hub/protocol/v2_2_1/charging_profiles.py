"""Charging profiles for a session, their answers and results."""

from __future__ import annotations

from enum import StrEnum

from pydantic import model_validator

from ocpi_hub.protocol.types import DateTime, Int, Many, OcpiObject, Rate, Url, broken_rule


class ChargingRateUnit(StrEnum):
    """Watts in all or amperes per phase. Source: 2.2.1 charging profiles, ChargingRateUnit enum."""

    W = "W"
    A = "A"


class ChargingProfileResponseType(StrEnum):
    """The answer to a request, at once.

    Source: 2.2.1 charging profiles, ChargingProfileResponseType enum.
    """

    ACCEPTED = "ACCEPTED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TOO_OFTEN = "TOO_OFTEN"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


class ChargingProfileResultType(StrEnum):
    """What became of a request. Source: 2.2.1 charging profiles, ChargingProfileResultType enum."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


class ChargingProfileResponse(OcpiObject):
    """Whether a request is taken on, and how long to wait for its result.

    Source: 2.2.1 charging profiles, ChargingProfileResponse object.
    """

    result: ChargingProfileResponseType
    timeout: Int


class ChargingProfilePeriod(OcpiObject):
    """A limit, from so many seconds on.

    Source: 2.2.1 charging profiles, ChargingProfilePeriod class.
    """

    start_period: Int
    limit: Rate


class ChargingProfile(OcpiObject):
    """Limits of power or current over time.

    Source: 2.2.1 charging profiles, ChargingProfile class.
    """

    start_date_time: DateTime | None = None
    duration: Int | None = None
    charging_rate_unit: ChargingRateUnit
    min_charging_rate: Rate | None = None
    charging_profile_period: Many[ChargingProfilePeriod] = None


class ActiveChargingProfile(OcpiObject):
    """What the EVSE is to do from a moment on.

    Source: 2.2.1 charging profiles, ActiveChargingProfile class.
    """

    start_date_time: DateTime
    charging_profile: ChargingProfile


class ActiveChargingProfileResult(OcpiObject):
    """The later result of a GET.

    Source: 2.2.1 charging profiles, ActiveChargingProfileResult object.
    """

    result: ChargingProfileResultType
    profile: ActiveChargingProfile | None = None

    @model_validator(mode="after")
    def _check_profile(self) -> ActiveChargingProfileResult:
        if self.result is ChargingProfileResultType.ACCEPTED and self.profile is None:
            raise broken_rule("profile", "missing, though the result is ACCEPTED")
        return self


class ChargingProfileResult(OcpiObject):
    """The later result of a PUT. Source: 2.2.1 charging profiles, ChargingProfileResult object."""

    result: ChargingProfileResultType


class ClearProfileResult(OcpiObject):
    """The later result of a DELETE. Source: 2.2.1 charging profiles, ClearProfileResult object."""

    result: ChargingProfileResultType


class SetChargingProfile(OcpiObject):
    """A profile to set, and where its result goes.

    Source: 2.2.1 charging profiles, SetChargingProfile object.
    """

    charging_profile: ChargingProfile
    response_url: Url
