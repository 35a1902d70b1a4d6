"""`cpo-adapter session`: what has been and is being charged."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from cpo_adapter.cli.session import open_adapter
from cpo_adapter.descriptions import described_session
from cpo_adapter.store import transaction_lists
from ocpi_hub.node.command import Json, command, group
from ocpi_hub.node.output import answer, table

sessions = group("Sessions: what has been and is being charged.")


@command(sessions, "list", example="cpo-adapter session list --open --json")
async def list_(
    *,
    station: Annotated[str | None, typer.Option(help="Of this station only.")] = None,
    id_tag: Annotated[str | None, typer.Option(help="Of this token only.")] = None,
    open_: Annotated[
        bool | None, typer.Option("--open/--closed", help="Running or ended ones only.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    json: Json = False,
) -> None:
    """Sessions, the newest first."""
    async with open_adapter() as adapter, adapter.db.hot() as conn:
        found = await transaction_lists.listed(
            conn, station_id=station, id_tag=id_tag, is_open=open_, limit=limit
        )
    shown = [described_session(each) for each in found]
    answer(
        shown,
        json=json,
        show=lambda: table(
            ["SESSION", "STATION", "TOKEN", "START", "STOP", "KWH", "STATE", "BILLING"],
            [
                (
                    each["id"],
                    each["station_id"],
                    each["id_tag"],
                    _moment(each["start"]),
                    _moment(each["stop"]),
                    each["kwh"],
                    each["state"],
                    each["billing"],
                )
                for each in shown
            ],
            empty="no sessions yet",
        ),
    )


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%d %H:%M:%SZ")
