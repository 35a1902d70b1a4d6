"""`emsp-adapter plan`: what drivers may choose between, and what is added to the CPOs' prices."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import typer

from emsp_adapter.cli.session import open_adapter, record
from emsp_adapter.money.amounts import written
from emsp_adapter.store import plans as rows
from emsp_adapter.store.plans import FIRST, Plan
from ocpi_hub.node.command import Json, command, group
from ocpi_hub.node.output import CommandError, Exit, answer, say, table
from ocpi_hub.pricing.money import MINOR_UNITS, minor_unit, plain

plans = group("Plans: what is added to the CPOs' prices, and for whom.")

_ID = re.compile(r"[a-z0-9-]{1,40}")
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)
_MOST_PERCENT = 1000
# Of a margin, as of the prices in a tariff.
_DECIMALS = 4

Id = Annotated[str, typer.Argument(metavar="ID", help="A short name, such as `gold`.")]


@command(
    plans, "add", example="emsp-adapter plan add gold --name Gold --monthly-fee 4.99 --margin 2"
)
async def add(
    plan_id: Id,
    *,
    name: Annotated[str, typer.Option(help="What drivers call it.")],
    currency: Annotated[str, typer.Option(help="The currency of its amounts.")] = "EUR",
    monthly_fee: Annotated[str, typer.Option(help="A month, without VAT.")] = "0",
    margin: Annotated[str, typer.Option(help="Percent on top of the CPO's net price.")] = "0",
    margin_per_kwh: Annotated[str, typer.Option(help="On top for each kWh, without VAT.")] = "0",
    session_fee: Annotated[str, typer.Option(help="For each charge, without VAT.")] = "0",
    json: Json = False,
) -> None:
    """Offer a plan. It never changes afterwards: a price that was shown is the price billed."""
    currency = _checked_currency(currency)
    coins = minor_unit(currency)
    plan = Plan(
        id=_checked_id(plan_id),
        name=_checked_name(name),
        currency=currency,
        monthly_fee=_amount("--monthly-fee", monthly_fee, decimals=coins),
        margin_percent=_amount("--margin", margin, decimals=_DECIMALS, most=_MOST_PERCENT),
        margin_per_kwh=_amount("--margin-per-kwh", margin_per_kwh, decimals=_DECIMALS),
        session_fee=_amount("--session-fee", session_fee, decimals=coins),
    )
    async with open_adapter() as adapter, adapter.db.hot_transaction() as conn:
        if not await rows.add(conn, plan):
            raise CommandError(
                f"there is a plan {plan.id!r} already, and a plan never changes: choose another id"
            )
        await record(conn, "plan add", plan.id)
    answer(_shown(plan), json=json, show=lambda: say(f"{plan.name} is offered as {plan.id}."))


@command(plans, "list", example="emsp-adapter plan list --json")
async def list_(*, json: Json = False) -> None:
    """The plans that drivers may choose."""
    async with open_adapter() as adapter, adapter.db.hot() as conn:
        found = [_shown(each) for each in await rows.offered(conn)]
    answer(
        found,
        json=json,
        show=lambda: table(
            ["ID", "NAME", "A MONTH", "MARGIN %", "PER KWH", "PER CHARGE", "CURRENCY"],
            [tuple(each.values()) for each in found],
            empty="no plans",
        ),
    )


@command(plans, "close", example="emsp-adapter plan close gold")
async def close(plan_id: Id, *, json: Json = False) -> None:
    """Offer a plan no longer; whoever has it keeps it."""
    if plan_id == FIRST:
        raise CommandError(f"{FIRST} is the plan of whoever chose none; it stays")
    async with open_adapter() as adapter, adapter.db.hot_transaction() as conn:
        if not await rows.close(conn, plan_id, now=datetime.now(UTC)):
            raise CommandError(f"no plan {plan_id!r} is offered")
        await record(conn, "plan close", plan_id)
    answer({"id": plan_id}, json=json, show=lambda: say(f"{plan_id} is offered no longer."))


def _shown(plan: Plan) -> dict[str, str]:
    return {
        "id": plan.id,
        "name": plan.name,
        "monthly_fee": written(plan.monthly_fee, plan.currency),
        "margin_percent": plain(plan.margin_percent),
        "margin_per_kwh": written(plan.margin_per_kwh, plan.currency),
        "session_fee": written(plan.session_fee, plan.currency),
        "currency": plan.currency,
    }


def _checked_id(given: str) -> str:
    if not _ID.fullmatch(given):
        raise _bad("ID: expected up to 40 of a-z, 0-9 and -")
    return given


def _checked_name(given: str) -> str:
    name = given.strip()
    if not name or len(name) > 60 or not name.isprintable():
        raise _bad("--name: expected 1 to 60 characters")
    return name


def _checked_currency(given: str) -> str:
    if given.upper() not in MINOR_UNITS:
        raise _bad("--currency: expected a code of ISO 4217, such as EUR")
    return given.upper()


def _amount(option: str, given: str, *, decimals: int, most: int | None = None) -> Decimal:
    """Drivers are shown so many decimals, and pay what they are shown."""
    value = Decimal(given) if _NUMBER.fullmatch(given) else None
    if value is None or (most is not None and value > most):
        raise _bad(f"{option}: expected a number such as 0.35, got {given[:40]!r}")
    if value != round(value, decimals):
        raise _bad(f"{option}: expected a number with at most {decimals} decimals, got {given!r}")
    return value


def _bad(sentence: str) -> CommandError:
    return CommandError(sentence, code=Exit.BAD_INPUT)
