"""`emsp-adapter token`: cards of drivers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from emsp_adapter.cli.session import open_adapter, open_office, record
from emsp_adapter.contracts import tokens
from emsp_adapter.store import drivers
from emsp_adapter.store import tokens as rows
from emsp_adapter.store.drivers import Driver
from emsp_adapter.store.tokens import TokenRow
from ocpi_hub.node.command import Json, command, group
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.output import CommandError, Exit, answer, facts, table

cards = group("Tokens: cards of drivers.")


@command(cards, "add", example="emsp-adapter token add 04A2B3C4D5E6F7 --driver ada@example.com")
async def add(
    uid: Annotated[str, typer.Argument(metavar="UID", help="The card's uid.")],
    *,
    driver: Annotated[str, typer.Option(metavar="EMAIL", help="Whose card it is.")],
    label: Annotated[str | None, typer.Option(help="What the driver calls it.")] = None,
    json: Json = False,
) -> None:
    """Give a driver a card; partners are told of it."""
    async with open_office() as office, office.db.hot_transaction() as conn:
        found = await _driver(conn, driver)
        try:
            added = await tokens.add_card(conn, office, found.id, uid=uid, label=label)
        except tokens.CardInUse as error:
            raise CommandError(str(error)) from error
        except tokens.NoCard as error:
            raise CommandError(f"UID: {error.message}", code=Exit.BAD_INPUT) from error
        await record(conn, "token add", added.id, {"driver_id": found.id})
    shown = _shown(added)
    answer(shown, json=json, show=lambda: facts(shown.items()))


@command(cards, "list", example="emsp-adapter token list --driver ada@example.com")
async def list_(
    *,
    driver: Annotated[str | None, typer.Option(metavar="EMAIL", help="Whose cards.")] = None,
    suspected: Annotated[
        bool, typer.Option("--suspected", help="Those that may have been copied, whosever.")
    ] = False,
    json: Json = False,
) -> None:
    """A driver's cards, the oldest first, or all that may have been copied, the latest first."""
    if (driver is None) is not suspected:
        raise CommandError("expected --driver or --suspected", code=Exit.BAD_INPUT)
    async with open_adapter() as adapter, adapter.db.hot() as conn:
        if driver is None:
            found = await rows.suspected(conn)
        else:
            found = await tokens.cards_of(conn, (await _driver(conn, driver)).id)
    answer(
        [_shown(each) for each in found],
        json=json,
        show=lambda: table(
            ["UID", "LABEL", "CONTRACT", "STATE", "SUSPICION"],
            [
                (each.uid, each.label, each.contract_id, each.state, _suspicion(each))
                for each in found
            ],
            empty="no cards",
        ),
    )


async def _driver(conn: Hot, email: str) -> Driver:
    found = await drivers.by_email(conn, email.strip().lower())
    if found is None:
        raise CommandError(f"there is no driver {email}")
    return found


def _suspicion(row: TokenRow) -> str | None:
    return None if row.suspicion is None else "{rule} at {at}".format_map(row.suspicion)


def _shown(row: TokenRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "uid": row.uid,
        "type": row.type,
        "label": row.label,
        "contract_id": row.contract_id,
        "state": row.state,
        "driver_id": row.driver_id,
        "suspicion": row.suspicion,
    }
