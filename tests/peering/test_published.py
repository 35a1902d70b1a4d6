"""What is published: states, pages, and the order of changes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.node.engine import Database
from ocpi_hub.peering.store import published
from ocpi_hub.peering.store.published import EVERYBODY, Position
from ocpi_hub.protocol.jsontext import loads
from ocpi_hub.protocol.paging import Window
from ocpi_hub.protocol.party import Party
from tests.samples import cdr, evse, location, session, tariff

EMS, OTHER = Party("DE", "EMS"), Party("FR", "EMS")
START = Position(0, 0)
T0 = datetime(2026, 1, 15, 10, tzinfo=UTC)
T1 = datetime(2026, 2, 1, 10, tzinfo=UTC)
ALL = Window(limit=100)


async def _publish(
    db: Database,
    module: str,
    document: dict[str, Any],
    *,
    receiver: Party | None = None,
    at: datetime = T0,
) -> bool:
    async with db.hot_transaction() as conn:
        return await published.publish(
            conn,
            module,
            id=document["id"],
            document=document,
            receiver=receiver,
            last_updated=at,
        )


async def _page(db: Database, module: str, **how: Any) -> Any:
    async with db.hot() as conn:
        found = await published.page(
            conn, module, viewers=how.pop("viewers", None), window=Window(**{"limit": 100} | how)
        )
    return loads(found.body), found.total


async def test_a_page_has_exact_decimals(db: Database) -> None:
    document = session(id="S1", kwh=Decimal("15.3420"))
    await _publish(db, "sessions", document, receiver=EMS)

    async with db.hot() as conn:
        page = await published.page(conn, "sessions", viewers=[EMS], window=ALL)

    assert b'"kwh": 15.3420' in page.body


async def test_a_viewer_sees_what_is_for_it_or_for_everybody(db: Database) -> None:
    """SEC-04."""
    await _publish(db, "sessions", session(id="S1"), receiver=EMS)
    await _publish(db, "sessions", session(id="S2"), receiver=OTHER)
    await _publish(db, "tariffs", tariff(id="T1"))

    seen = [each["id"] for each in (await _page(db, "sessions", viewers=[EMS]))[0]]
    everything = [each["id"] for each in (await _page(db, "sessions"))[0]]
    tariffs = [each["id"] for each in (await _page(db, "tariffs", viewers=[EMS]))[0]]

    assert (seen, everything, tariffs) == (["S1"], ["S1", "S2"], ["T1"])


async def test_pages_follow_each_other_while_objects_change(db: Database) -> None:
    for number in range(5):
        await _publish(db, "tariffs", tariff(id=f"T{number}"))
    async with db.hot() as conn:
        first = await published.page(conn, "tariffs", viewers=None, window=Window(limit=2))
    await _publish(db, "tariffs", tariff(id="T0", currency="SEK"), at=T1)

    rest, total = await _page(db, "tariffs", offset=2, after=first.last_created)

    assert [each["id"] for each in rest] == ["T2", "T3", "T4"]
    assert total == 5


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"date_from": T1}, ["T1"]),
        ({"date_to": T1}, ["T0"]),
        ({"date_from": T0, "date_to": T1}, ["T0"]),
    ],
    ids=["from is inclusive", "to is exclusive", "both"],
)
async def test_dates_filter(db: Database, window: dict[str, Any], expected: list[str]) -> None:
    await _publish(db, "tariffs", tariff(id="T0"), at=T0)
    await _publish(db, "tariffs", tariff(id="T1"), at=T1)

    found, total = await _page(db, "tariffs", **window)

    assert [each["id"] for each in found] == expected
    assert total == 1


async def test_a_status_stands_in_the_location_too(db: Database) -> None:
    document = location(id="LOC1", evses=[evse(uid="A"), evse(uid="B")])
    await _publish(db, "locations", document)
    stamp = "2026-02-01T10:00:00Z"

    async with db.hot_transaction() as conn:
        await published.publish(
            conn,
            "locations",
            id="LOC1",
            sub="b",
            document={"status": "CHARGING", "last_updated": stamp},
            last_updated=T1,
        )

    ((found,), _) = await _page(db, "locations", date_from=T1)
    assert [each["status"] for each in found["evses"]] == ["AVAILABLE", "CHARGING"]
    assert (found["evses"][1]["last_updated"], found["last_updated"]) == (stamp, stamp)


async def test_a_status_of_an_evse_that_is_not_published_is_refused(db: Database) -> None:
    await _publish(db, "locations", location(id="LOC1", evses=[evse(uid="A")]))

    async with db.hot() as conn:
        with pytest.raises(LookupError, match="'b' of 'loc1' is not published"):
            await published.publish(
                conn, "locations", id="LOC1", sub="B", document={}, last_updated=T1
            )


async def test_the_same_again_is_no_change(db: Database) -> None:
    first = await _publish(db, "tariffs", tariff(id="T1"))
    again = await _publish(db, "tariffs", tariff(id="t1") | {"id": "T1"})
    async with db.hot() as conn:
        changes = await published.after(
            conn, "tariffs", receiver=EVERYBODY, position=START, limit=10
        )

    assert (first, again, len(changes)) == (True, False, 1)


async def test_a_cdr_never_changes(db: Database) -> None:
    """CDR-05: corrections are credit CDRs."""
    await _publish(db, "cdrs", cdr(id="C1"), receiver=EMS)
    again = await _publish(db, "cdrs", cdr(id="C1"), receiver=EMS)

    with pytest.raises(ValueError, match="a CDR never changes"):
        await _publish(db, "cdrs", cdr(id="C1", total_energy=Decimal(9)), receiver=EMS)

    assert again is False


async def test_a_withdrawn_tariff_is_served_no_more_and_may_come_back(db: Database) -> None:
    await _publish(db, "tariffs", tariff(id="T1"))
    async with db.hot() as conn:
        gone = await published.withdraw(conn, "tariffs", id="T1", last_updated=T1)
        again = await published.withdraw(conn, "tariffs", id="T1", last_updated=T1)
        found = await published.find(conn, "tariffs", id="T1", viewers=None)

    back = await _publish(db, "tariffs", tariff(id="T1"))

    assert (gone, again, found, back) == (True, False, None, True)


async def test_a_change_is_held_back_until_those_before_it_can_be_seen(db: Database) -> None:
    """A reader that went past an open transaction would never see what it commits."""
    async with db.hot_transaction() as open_:
        await published.publish(
            open_, "tariffs", id="T1", document=tariff(id="T1"), last_updated=T0
        )
        await _publish(db, "tariffs", tariff(id="T2"))
        async with db.hot() as conn:
            during = await published.after(
                conn, "tariffs", receiver=EVERYBODY, position=START, limit=10
            )

    async with db.hot() as conn:
        after = await published.after(conn, "tariffs", receiver=EVERYBODY, position=START, limit=10)

    assert not during
    assert [change.id for change in after] == ["t1", "t2"]
