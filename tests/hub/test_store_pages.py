"""Pages of a list: filters, totals and order (checklist section 3, SEM-09, F29)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import sql

from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.protocol.jsontext import loads, same
from ocpi_hub.protocol.paging import Window
from ocpi_hub.store import pages
from tests import samples
from tests.hub import shelves
from tests.hub.shelves import at


def _moment(second: int, millisecond: int = 0) -> datetime:
    return datetime(2026, 3, 1, 12, 0, second, millisecond * 1000, tzinfo=UTC)


async def _seed(db: Database) -> None:
    """L1 of 12:00:10; L2 of :20; L3 of :05 with an EVSE of :30."""
    await shelves.put_location(db, id="L1", evses=[], last_updated=at(10))
    await shelves.put_location(db, id="L2", evses=[], last_updated=at(20))
    await shelves.put_location(
        db, id="L3", evses=[samples.evse(last_updated=at(30))], last_updated=at(5)
    )


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        pytest.param({}, ["L1", "L2", "L3"], id="no filter"),
        pytest.param({"date_from": _moment(20)}, ["L2", "L3"], id="PAG-03 from is inclusive"),
        pytest.param({"date_to": _moment(20)}, ["L1"], id="PAG-03 to is exclusive"),
        pytest.param(
            {"date_from": _moment(6), "date_to": _moment(21)}, ["L1", "L2"], id="from and to"
        ),
        pytest.param({"date_from": _moment(30)}, ["L3"], id="SEM-09 raised by an EVSE"),
        pytest.param({"date_to": _moment(30)}, ["L1", "L2"], id="not before its EVSE"),
        pytest.param({"date_to": _moment(31)}, ["L1", "L2", "L3"], id="after its EVSE"),
        pytest.param({"date_from": _moment(40)}, [], id="TRN-06 nothing is an empty list"),
    ],
)
async def test_date_filters_act_on_the_stamps_that_are_served(
    db: Database, window: dict[str, Any], expected: list[str]
) -> None:
    await _seed(db)

    page = await shelves.list_page(db, **window)

    assert shelves.ids(page) == expected
    assert (page.count, page.total) == (len(expected), len(expected))


@pytest.mark.parametrize("module", ["tariffs", "tokens"])
async def test_date_filters_of_other_modules(db: Database, module: str) -> None:
    put, key = {"tariffs": (shelves.put_tariff, "id"), "tokens": (shelves.put_token, "uid")}[module]
    for second in (10, 20, 30):
        await put(db, **{key: f"X{second}"}, last_updated=at(second))

    page = await shelves.list_page(db, module, date_from=_moment(20), date_to=_moment(30))

    assert [each[key] for each in loads(page.body)] == ["X20"]


async def test_a_stamp_is_found_at_the_milliseconds_a_partner_can_see(db: Database) -> None:
    await shelves.put_location(db, id="L1", evses=[], last_updated="2026-03-01T12:00:10.1239Z")

    found = await shelves.list_page(
        db, date_from=datetime(2026, 3, 1, 12, 0, 10, 123999, tzinfo=UTC)
    )

    assert shelves.ids(found) == ["L1"]


async def test_pag_10_the_order_is_that_of_first_arrival(db: Database) -> None:
    await _seed(db)
    await shelves.put_location(db, id="L1", evses=[], last_updated=at(50))

    assert shelves.ids(await shelves.list_page(db)) == ["L1", "L2", "L3"]


async def test_pages_add_up_to_the_list(db: Database) -> None:
    for n in range(7):
        await shelves.put_location(db, id=f"L{n}", evses=[])

    first = await shelves.list_page(db, limit=3)
    by_offset = await shelves.list_page(db, limit=3, offset=3)
    by_hint = await shelves.list_page(db, limit=3, offset=3, after=first.last_created)
    last = await shelves.list_page(db, limit=3, offset=6)
    beyond = await shelves.list_page(db, limit=3, offset=60)

    assert shelves.ids(first) == ["L0", "L1", "L2"]
    assert shelves.ids(by_offset) == shelves.ids(by_hint) == ["L3", "L4", "L5"]
    assert shelves.ids(last) == ["L6"]
    assert (beyond.body, beyond.count, beyond.last_created) == (b"[]", 0, None)
    assert {page.total for page in (first, by_offset, by_hint, last, beyond)} == {7}


async def test_t7_only_what_visible_owners_have_is_listed_and_counted(db: Database) -> None:
    await shelves.put_location(db, owner="nl/cpo", id="MINE")
    await shelves.put_location(db, owner="be/bec", id="THEIRS")

    page = await shelves.list_page(db, owners=["nl/cpo"])
    nobody = await shelves.list_page(db, owners=[])

    assert (shelves.ids(page), page.total) == (["MINE"], 1)
    assert (nobody.body, nobody.total) == (b"[]", 0)


async def test_what_is_listed_is_what_was_put(db: Database) -> None:
    await shelves.put_location(db)
    await shelves.put_tariff(db)
    await shelves.put_token(db)

    listed = [
        loads((await shelves.list_page(db, module)).body)
        for module in ("locations", "tariffs", "tokens")
    ]

    assert same(listed, [[samples.location()], [samples.tariff()], [samples.token()]])


@pytest.mark.parametrize("module", ["locations", "tariffs"])
async def test_f29_by_arrival_lists_what_came_late_with_an_old_stamp(
    db: Database, module: str
) -> None:
    put = {"locations": shelves.put_location, "tariffs": shelves.put_tariff}[module]
    before = datetime.now(UTC)
    await put(db, id="LATE", last_updated="2020-01-01T00:00:00Z")

    by_stamp = await shelves.list_page(db, module, date_from=before)
    by_arrival = await shelves.list_page(db, module, date_from=before, by_arrival=True)

    assert (shelves.ids(by_stamp), shelves.ids(by_arrival)) == ([], ["LATE"])


_MANY = """
INSERT INTO catalogue (module, id, owner, sub, document, position, last_updated, correlation_id)
SELECT 'locations', 'l' || n, 'nl/cpo', CASE e WHEN 0 THEN '' ELSE 'e' || e END,
    '{"last_updated": "2026-03-01T12:00:00Z"}', e,
    timestamptz '2026-03-01T12:00:00Z' - make_interval(mins => n), 'c'
FROM generate_series(1, 8000) n, generate_series(0, 2) e
"""


@pytest.mark.parametrize(
    ("window", "index"),
    [
        pytest.param({"date_from": _moment(0)}, "catalogue_last_updated_ix", id="from"),
        pytest.param(
            {"date_from": datetime(2026, 3, 1, 11, tzinfo=UTC), "date_to": _moment(0)},
            "catalogue_last_updated_ix",
            id="from and to",
        ),
        pytest.param({}, "catalogue_list_ix", id="no filter"),
    ],
)
async def test_a_page_is_found_by_index(db: Database, window: dict[str, Any], index: str) -> None:
    async with db.hot() as conn:
        await conn.execute(_MANY)
        await conn.execute("VACUUM ANALYZE catalogue")
        plan = await _plan(conn, Window(limit=100, **window))

    assert index in plan
    assert "Seq Scan on catalogue" not in plan


async def _plan(conn: Hot, window: Window) -> str:
    statement, values = pages.statement("locations", owners=["nl/cpo"], window=window)
    explained = sql.SQL("EXPLAIN {}").format(statement)
    rows = await (await conn.execute(explained, values, prepare=False)).fetchall()
    return "\n".join(line for (line,) in rows)
