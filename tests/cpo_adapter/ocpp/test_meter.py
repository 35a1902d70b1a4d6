"""Meter values: exact, in base units, with what is meant where nothing is said."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cpo_adapter.ocpp.events import MeterValuesReceived
from cpo_adapter.ocpp.fields import decimal_of, moment_of
from cpo_adapter.ocpp.meter import Reading, Sample, SignedValue, readings
from tests.cpo_adapter.ocpp.reading import read_16, read_201

AT = "2026-03-01T12:00:00Z"


def samples_16(*values: dict[str, Any]) -> tuple[Sample, ...]:
    """What a station of 1.6 means by these sampled values."""
    event = read_16(
        "MeterValues",
        {"connectorId": 1, "meterValue": [{"timestamp": AT, "sampledValue": list(values)}]},
    )
    assert isinstance(event, MeterValuesReceived)
    return event.samples


def samples_201(*values: dict[str, Any]) -> tuple[Sample, ...]:
    """What a station of 2.0.1 means by these sampled values."""
    event = read_201(
        "MeterValues",
        {"evseId": 1, "meterValue": [{"timestamp": AT, "sampledValue": list(values)}]},
    )
    assert isinstance(event, MeterValuesReceived)
    return event.samples


def reading(*values: dict[str, Any]) -> Reading:
    """What sampled values of 1.6 of one moment say."""
    (found,) = readings(samples_16(*values))
    return found


def test_a_bare_value_is_the_register_in_wh() -> None:
    (sample,) = samples_16({"value": "1500"})

    assert sample == Sample(
        moment_of(AT),
        AT,
        "Energy.Active.Import.Register",
        Decimal(1500),
        "1500",
        "Wh",
        "Sample.Periodic",
        None,
        "Outlet",
        None,
    )


UNITS: dict[str, tuple[dict[str, Any], str, str]] = {
    "kWh": ({"value": "1.234", "unit": "kWh"}, "1234", "Wh"),
    "Wh": ({"value": "1.234", "unit": "Wh"}, "1.234", "Wh"),
    "kW": ({"value": "11.04", "unit": "kW", "measurand": "Power.Active.Import"}, "11040", "W"),
    "power without a unit": ({"value": "11040", "measurand": "Power.Active.Import"}, "11040", "W"),
    "current without a unit": ({"value": "16", "measurand": "Current.Import"}, "16", "A"),
    "a comma": ({"value": "1,5", "unit": "kWh"}, "1500", "Wh"),
    "a unit of its own": ({"value": "50", "unit": "Hz", "measurand": "Frequency"}, "50", "Hz"),
}


@pytest.mark.parametrize(("sent", "value", "unit"), UNITS.values(), ids=UNITS)
def test_values_are_in_base_units(sent: dict[str, Any], value: str, unit: str) -> None:
    (sample,) = samples_16(sent)

    assert (sample.value, sample.unit) == (Decimal(value), unit)


MULTIPLIERS: dict[str, tuple[dict[str, Any], str | None]] = {
    "none": ({"unit": "Wh"}, "12.5"),
    "of a thousand": ({"unit": "Wh", "multiplier": 3}, "12500"),
    "on top of kilo": ({"unit": "kWh", "multiplier": -1}, "1250"),
    "beyond all": ({"unit": "Wh", "multiplier": 2_000_000_000}, None),
}


@pytest.mark.parametrize(("unit", "value"), MULTIPLIERS.values(), ids=MULTIPLIERS)
def test_a_multiplier_is_a_power_of_ten(unit: dict[str, Any], value: str | None) -> None:
    (sample,) = samples_201({"value": Decimal("12.5"), "unitOfMeasure": unit})

    assert sample.value == (None if value is None else Decimal(value))


@pytest.mark.parametrize("written", ["", "NaN", "Infinity", "1e400", "12 kWh", "1.2.3", "9" * 40])
def test_what_is_no_number_is_kept_as_text(written: str) -> None:
    (sample,) = samples_16({"value": written})

    assert (sample.value, sample.text) == (None, written)


def test_signed_values_are_kept_as_they_came() -> None:
    (v16,) = samples_16({"value": "OCMF|{}|{}", "format": "SignedData"})
    (v201,) = samples_201(
        {
            "value": 5,
            "signedMeterValue": {
                "signedMeterData": "b2NtZg==",
                "signingMethod": "ECDSA",
                "encodingMethod": "OCMF",
                "publicKey": "a2V5",
            },
        }
    )

    assert (v16.value, v16.signed) == (None, SignedValue("OCMF|{}|{}"))
    assert (v201.value, v201.signed) == (
        Decimal(5),
        SignedValue("b2NtZg==", "ECDSA", "OCMF", "a2V5"),
    )


ENERGY: dict[str, tuple[list[dict[str, Any]], str | None]] = {
    "without a phase": (
        [{"value": "30"}, {"value": "9", "phase": "L1"}],
        "30",
    ),
    "by phase": (
        [{"value": "10", "phase": phase} for phase in ("L1", "L2", "L3")],
        "30",
    ),
    "by phase to neutral": (
        [{"value": "10", "phase": phase} for phase in ("L1-N", "L2-N", "L3-N")],
        "30",
    ),
    "at the inlet": ([{"value": "30", "location": "Inlet"}], None),
    "none": ([{"value": "5", "measurand": "Voltage"}], None),
}


@pytest.mark.parametrize(("values", "energy"), ENERGY.values(), ids=ENERGY)
def test_energy_is_of_the_outlet_and_of_all_phases(
    values: list[dict[str, Any]], energy: str | None
) -> None:
    assert reading(*values).energy == (None if energy is None else Decimal(energy))


def test_a_reading_has_what_tariffs_ask_for() -> None:
    found = reading(
        {"value": "1.5", "unit": "kWh"},
        {"value": "7.4", "unit": "kW", "measurand": "Power.Active.Import"},
        {"value": "16", "measurand": "Current.Import", "phase": "L1"},
        {"value": "15", "measurand": "Current.Import", "phase": "L2"},
        {"value": "54", "measurand": "SoC", "location": "EV"},
    )

    assert (found.energy, found.power, found.current, found.state_of_charge) == (
        Decimal(1500),
        Decimal(7400),
        Decimal(16),
        Decimal(54),
    )


TIMES: dict[str, tuple[str, str | None]] = {
    "UTC": ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00+00:00"),
    "an offset": ("2026-03-01T13:00:00.5+01:00", "2026-03-01T12:00:00.500000+00:00"),
    "no offset": ("2026-03-01T12:00:00", "2026-03-01T12:00:00+00:00"),
    "1970": ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00+00:00"),
    "words": ("yesterday", None),
    "a date": ("2026-03-01", None),
    "a number": ("20260301", None),
    "before all time": ("0001-01-01T00:00:00+14:00", None),
}


@pytest.mark.parametrize(("written", "read"), TIMES.values(), ids=TIMES)
def test_times_are_read_as_utc(written: str, read: str | None) -> None:
    found = moment_of(written)

    assert (found and found.isoformat()) == read


def test_numbers_are_exact() -> None:
    assert str(decimal_of("1234567890.10")) == "1234567890.10"
