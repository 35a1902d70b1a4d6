"""The end of a demo: what everybody holds is asked for, and compared."""

from __future__ import annotations

from typing import Final

from ocpi_hub.demo.compare import (
    Books,
    Row,
    compare_account,
    compare_books,
    compare_meters,
    compare_presence,
    compare_sessions,
    compare_statuses,
    compare_tally,
    compare_verdicts,
)
from ocpi_hub.demo.cpo import CPO
from ocpi_hub.demo.processes import together
from ocpi_hub.demo.provider import EMSP
from ocpi_hub.demo.stage import Cast

_MODULES: Final = ("locations", "tariffs", "tokens", "sessions", "cdrs")
_CDRS_LISTED: Final = "100000"


async def reckon(cast: Cast) -> list[Row]:
    """Every comparison. The CPO's books are what it answers the eMSP, out of its own database."""
    books = {module: await _books(cast, module) for module in _MODULES}
    cdrs = books["cdrs"].emsp
    metered, behind, cleared, account = await together(
        cast.operator.sessions(),
        cast.operator.behind_the_hub(),
        cast.stage.output("ocpi_hub", "cdr", "list", "--limit", _CDRS_LISTED),
        cast.provider.account(),
    )
    by_app = [each for each in metered if each["owner"] == EMSP.key]
    others = [each for each in metered if each["owner"] != EMSP.key]
    sold = [each for each in cleared if each["emsp"] == str(EMSP)]
    return [
        compare_books(books["locations"]),
        compare_statuses(books["locations"]),
        compare_books(books["tariffs"]),
        compare_books(books["tokens"]),
        compare_books(books["sessions"]),
        *compare_sessions(books["sessions"].emsp, cdrs),
        compare_books(books["cdrs"]),
        *compare_meters(others, cdrs),
        compare_verdicts(cleared, [*cdrs, *account.cdrs]),
        *compare_account(by_app, sold, account),
        compare_presence(behind, await cast.emsp.get("/hub/hubclientinfo")),
        *compare_tally(await cast.emsp.told()),
    ]


async def _books(cast: Cast, module: str) -> Books:
    party = f"/parties/{CPO.country_code}/{CPO.party_id}/{module}"
    return Books(
        module,
        cpo=await cast.emsp.get(party),
        hub=await cast.emsp.get(f"/hub/{module}"),
        emsp=await cast.emsp.get(f"/books/{module}"),
    )
