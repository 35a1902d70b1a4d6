"""What is remarkable about a tariff, a CDR or a price: a code and a sentence."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Code(StrEnum):
    """What a finding is about."""

    AMBIGUOUS_TARIFF = "ambiguous_tariff"
    CREDIT_WITHOUT_REFERENCE = "credit_without_reference"
    CURRENCY_MISMATCH = "currency_mismatch"
    DIMENSION_MISSING = "dimension_missing"
    DIMENSION_NOT_FOR_CDRS = "dimension_not_for_cdrs"
    DIMENSION_TWICE = "dimension_twice"
    FURTHER_FLAT_IGNORED = "further_flat_ignored"
    INCL_BELOW_EXCL = "incl_below_excl"
    LIMIT_VAT_DERIVED = "limit_vat_derived"
    LIMITS_WITH_SEVERAL_TARIFFS = "limits_with_several_tariffs"
    NEGATIVE_ENERGY = "negative_energy"
    NO_PRICE_COMPONENT = "no_price_component"
    NO_TARIFF = "no_tariff"
    NOT_COMPUTABLE = "not_computable"
    PARKING_SUM_DIFFERS = "parking_sum_differs"
    PARTIAL_COSTS_DIFFER = "partial_costs_differ"
    PERIOD_OUTSIDE_SESSION = "period_outside_session"
    PERIOD_SPANS_PRICE_CHANGE = "period_spans_price_change"
    PERIOD_WITHOUT_TARIFF_ID = "period_without_tariff_id"
    PERIODS_OUT_OF_ORDER = "periods_out_of_order"
    POWER_DERIVED = "power_derived"
    RESERVATION_OUTCOME_ASSUMED = "reservation_outcome_assumed"
    RESTRICTION_NOT_EVALUABLE = "restriction_not_evaluable"
    STEP_BOUNDARY_WITHIN_ROUNDING = "step_boundary_within_rounding"
    STEP_SIZE_MISSING = "step_size_missing"
    STEP_SIZE_OF_SEVERAL_TARIFFS = "step_size_of_several_tariffs"
    TARIFF_NOT_PUBLISHED = "tariff_not_published"
    TIME_24_00 = "time_24_00"
    TIME_SUM_DIFFERS = "time_sum_differs"
    TIME_ZONE_ASSUMED = "time_zone_assumed"
    TIME_ZONE_UNKNOWN = "time_zone_unknown"
    TIMES_UNKNOWN = "times_unknown"
    TOTAL_ENERGY_DIFFERS = "total_energy_differs"
    TOTAL_TIME_DIFFERS = "total_time_differs"
    UNKNOWN_RESTRICTION = "unknown_restriction"
    UNKNOWN_TARIFF = "unknown_tariff"


class Finding(NamedTuple):
    """Something remarkable, where it is (a JSON pointer) and what it means."""

    code: Code
    where: str
    message: str

    def document(self) -> dict[str, str]:
        """The finding as JSON."""
        return {"code": self.code, "where": self.where, "message": self.message}


# What leaves a price open.
UNDETERMINED = frozenset(
    {
        Code.AMBIGUOUS_TARIFF,
        Code.PERIOD_SPANS_PRICE_CHANGE,
        Code.PERIOD_WITHOUT_TARIFF_ID,
        Code.RESTRICTION_NOT_EVALUABLE,
        Code.STEP_BOUNDARY_WITHIN_ROUNDING,
        Code.STEP_SIZE_OF_SEVERAL_TARIFFS,
        Code.TIMES_UNKNOWN,
        Code.UNKNOWN_RESTRICTION,
    }
)

# With one of these there is no amount to compare a claim with.
NOT_COMPARABLE = frozenset(
    {
        Code.CURRENCY_MISMATCH,
        Code.NO_TARIFF,
        Code.NOT_COMPUTABLE,
        Code.TIME_ZONE_UNKNOWN,
        Code.UNKNOWN_TARIFF,
    }
)
