"""Merging patches: checklist section 6, SES-13, SES-15 and AMB-12."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.patch import (
    merge,
    merge_evse,
    merge_location,
    merge_session,
    raise_parent,
)
from tests import samples
from tests.samples import LATER, MOMENT

EARLIER = "2026-01-15T09:00:00Z"


def test_a_field_that_is_left_out_stays() -> None:
    """SEM-04."""
    merged = merge(samples.token(), {"valid": False, "last_updated": LATER})

    assert merged == samples.token(valid=False, last_updated=LATER)


def test_a_null_removes_the_field() -> None:
    """SEM-17."""
    merged = merge({"uid": "1", "language": "de", "group_id": None}, {"language": None})

    assert merged == {"uid": "1", "group_id": None}


def test_a_list_is_replaced() -> None:
    """SEM-16."""
    merged = merge(samples.connector(), {"tariff_ids": ["TARIFF2"]})

    assert merged["tariff_ids"] == ["TARIFF2"]


def test_merging_leaves_document_and_patch_as_they_are() -> None:
    document, patch = samples.location(), {"evses": [{"uid": "EVSE1", "status": "CHARGING"}]}

    merge_location(document, patch)

    assert document == samples.location()
    assert patch == {"evses": [{"uid": "EVSE1", "status": "CHARGING"}]}


@pytest.mark.parametrize("field", ["id", "country_code", "party_id"])
def test_a_patch_cannot_change_who_an_object_is(field: str) -> None:
    """SEM-15."""
    with pytest.raises(InvalidParameters, match=f"^{field}: a PATCH cannot change"):
        merge(samples.location(), {field: "XX"})


def test_a_patch_cannot_change_the_uid_of_a_token() -> None:
    with pytest.raises(InvalidParameters, match=r"^uid: a PATCH cannot change"):
        merge(samples.token(), {"uid": "other"})


def test_a_patch_may_repeat_the_id_in_another_case() -> None:
    """TYP-01."""
    assert merge(samples.location(), {"id": "loc1"})["id"] == "loc1"


def two_evses() -> dict[str, Any]:
    return samples.location(evses=[samples.evse(), samples.evse(uid="EVSE2")])


def test_an_evse_in_a_patch_of_its_location_is_merged_by_uid() -> None:
    patch = {"evses": [{"uid": "evse1", "status": "CHARGING"}], "last_updated": LATER}

    merged = merge_location(two_evses(), patch)

    assert merged["evses"] == [
        samples.evse(uid="evse1", status="CHARGING", last_updated=LATER),
        samples.evse(uid="EVSE2"),
    ]


@pytest.mark.parametrize("evses", [[], None], ids=["empty", "null"])
def test_a_patch_removes_no_evse(evses: Any) -> None:
    """AMB-12."""
    merged = merge_location(two_evses(), {"evses": evses, "last_updated": LATER})

    assert merged["evses"] == two_evses()["evses"]


def test_a_new_evse_in_a_patch_is_added() -> None:
    patch = {"evses": [samples.evse(uid="EVSE3")], "last_updated": LATER}

    merged = merge_location(two_evses(), patch)

    assert [evse["uid"] for evse in merged["evses"]] == ["EVSE1", "EVSE2", "EVSE3"]


def test_a_new_evse_in_a_patch_must_be_whole() -> None:
    patch = {"evses": [{"uid": "EVSE3", "status": "CHARGING"}], "last_updated": LATER}

    with pytest.raises(InvalidParameters, match=r"^evses: uid 'EVSE3' is not known.*connectors"):
        merge_location(two_evses(), patch)


def test_a_connector_is_merged_by_id_and_its_stamp_raises_the_evse() -> None:
    """SEM-08."""
    patch = {
        "connectors": [{"id": "1", "max_amperage": 16, "last_updated": LATER}],
        "last_updated": MOMENT,
    }

    merged = merge_evse(samples.evse(), patch)

    assert merged["connectors"] == [samples.connector(max_amperage=16, last_updated=LATER)]
    assert merged["last_updated"] == LATER


def test_a_connector_of_an_evse_of_a_location_is_merged_in_place() -> None:
    connector = {"id": "1", "max_amperage": 16}
    patch = {"evses": [{"uid": "EVSE2", "connectors": [connector]}], "last_updated": LATER}

    merged = merge_location(two_evses(), patch)

    assert merged["evses"][1]["connectors"] == [
        samples.connector(max_amperage=16, last_updated=LATER)
    ]
    assert merged["evses"][0] == samples.evse()


STAMPS = {
    "newer child": (MOMENT, LATER, LATER),
    "older child": (MOMENT, EARLIER, MOMENT),
    "same moment, other spelling": (MOMENT, "2026-01-15T10:00:00.000", MOMENT),
}


@pytest.mark.parametrize(("own", "child", "raised"), STAMPS.values(), ids=STAMPS)
def test_a_childs_stamp_raises_its_parents_and_never_lowers_it(
    own: str, child: str, raised: str
) -> None:
    """SEM-10."""
    parent = raise_parent({"uid": "EVSE1", "last_updated": own}, {"last_updated": child})

    assert parent == {"uid": "EVSE1", "last_updated": raised}


def test_charging_periods_are_appended() -> None:
    """SES-13."""
    second = samples.charging_period(start_date_time=LATER)

    merged = merge_session(samples.session(), {"charging_periods": [second], "last_updated": LATER})

    assert merged["charging_periods"] == [samples.charging_period(), second]


def test_a_charging_period_that_is_there_already_is_ignored() -> None:
    """SES-15: the same moment in another spelling, the same volume with other zeros."""
    again = samples.charging_period(
        start_date_time="2026-01-15T10:00:00.000Z",
        dimensions=[
            {"type": "ENERGY", "volume": Decimal("12.3450")},
            {"type": "TIME", "volume": Decimal("1.50")},
        ],
    )
    new = samples.charging_period(start_date_time=LATER)

    merged = merge_session(samples.session(), {"charging_periods": [again, new, new]})

    assert merged["charging_periods"] == [samples.charging_period(), new]


def test_a_charging_period_of_the_same_moment_with_another_volume_is_appended() -> None:
    other = samples.charging_period(dimensions=[{"type": "ENERGY", "volume": 13}])

    merged = merge_session(samples.session(), {"charging_periods": [other]})

    assert merged["charging_periods"] == [samples.charging_period(), other]


@pytest.mark.parametrize("periods", [[], None], ids=["empty", "null"])
def test_a_patch_removes_no_charging_period(periods: Any) -> None:
    """SES-13."""
    merged = merge_session(samples.session(), {"charging_periods": periods})

    assert merged == samples.session()


def test_a_session_without_periods_gets_its_first() -> None:
    bare = samples.session(charging_periods=None)

    merged = merge_session(bare, {"charging_periods": [samples.charging_period()]})

    assert merged == samples.session()
