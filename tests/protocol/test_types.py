"""DateTime as text and as a moment: checklist TYP-05 to TYP-08."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ocpi_hub.protocol.types import format_datetime, parse_datetime

MOMENTS = {
    "2015-06-29T20:39:09": datetime(2015, 6, 29, 20, 39, 9, tzinfo=UTC),
    "2015-06-29T20:39:09Z": datetime(2015, 6, 29, 20, 39, 9, tzinfo=UTC),
    "2015-06-29T20:39:09.2": datetime(2015, 6, 29, 20, 39, 9, 200_000, UTC),
    "2015-06-29T20:39:09.2Z": datetime(2015, 6, 29, 20, 39, 9, 200_000, UTC),
    "2016-12-29T17:45:09.123Z": datetime(2016, 12, 29, 17, 45, 9, 123_000, UTC),
    "2016-12-29T17:45:09.123456789Z": datetime(2016, 12, 29, 17, 45, 9, 123_456, UTC),
    "2016-12-29T17:45:09+00:00": datetime(2016, 12, 29, 17, 45, 9, tzinfo=UTC),
    "1970-1-1T00:00:00Z": datetime(1970, 1, 1, tzinfo=UTC),
}


@pytest.mark.parametrize(("text", "moment"), MOMENTS.items(), ids=MOMENTS)
def test_a_datetime_is_read_as_utc(text: str, moment: datetime) -> None:
    parsed = parse_datetime(text)

    assert (parsed, parsed.utcoffset()) == (moment, timedelta(0))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2015-06-29",
        "2015-06-29T20:39",
        "2015-06-29 20:39:09Z",
        "2015-06-29T20:39:09+02:00",
        "2015-06-29T20:39:09z",
        "2015-06-29T20:39:09,5Z",
        "2015-06-29T20:39:09.Z",
        "2015-06-29T25:39:09Z",
        "2015-13-29T20:39:09Z",
        "2015-02-29T20:39:09Z",
        "20150629T203909Z",
        "2015-W27-1T20:39:09Z",
        "٢٠١٥-06-29T20:39:09Z",
        "2015-06-29T20:39:09Z\n",
    ],
)
def test_what_is_no_datetime_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"DateTime|must be in|out of range|month|day"):
        parse_datetime(text)


def test_a_moment_is_written_in_utc_cut_to_milliseconds() -> None:
    moment = datetime(2026, 1, 15, 12, 0, 0, 999_999, timezone(timedelta(hours=2)))

    assert format_datetime(moment) == "2026-01-15T10:00:00.999Z"


def test_a_moment_without_a_time_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        format_datetime(datetime(2026, 1, 15))  # noqa: DTZ001  # what is tested
