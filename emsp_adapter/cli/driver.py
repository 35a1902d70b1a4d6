"""`emsp-adapter driver`: accounts of drivers, as an operator sees them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import typer

from emsp_adapter.charging import blocking
from emsp_adapter.cli.session import Adapter, open_adapter, open_office, record
from emsp_adapter.contracts import tokens
from emsp_adapter.drivers.accounts import email_problem, fold_email, new_driver
from emsp_adapter.identity.limits import INVITATION
from emsp_adapter.identity.links import new_link
from emsp_adapter.identity.passwords import Passwords, weakness
from emsp_adapter.identity.words import FALLBACK, LOCALES, words
from emsp_adapter.store import drivers as rows
from emsp_adapter.store.drivers import ACTIVE, BLOCKED, Driver
from emsp_adapter.store.mail_tokens import MailToken, Purpose
from ocpi_hub.node.command import Json, command, group
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.output import CommandError, Exit, answer, facts, say, table

drivers = group("Drivers: accounts, and who may not charge.")

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The driver's e-mail address.")]


@command(drivers, "add", example="emsp-adapter driver add ada@drivers.example --name Ada")
async def add(
    email: Email,
    *,
    name: Annotated[str | None, typer.Option(help="What the driver is called.")] = None,
    locale: Annotated[str, typer.Option(help="The language of mails: en or de.")] = FALLBACK,
    support: Annotated[
        bool, typer.Option("--support", help="Staff: may have the scope support.")
    ] = False,
    password: Annotated[
        str | None,
        typer.Option(metavar="-", help="`-` reads the password from stdin; default: a link."),
    ] = None,
    json: Json = False,
) -> None:
    """Open an account; the link with which its password is chosen is shown this once."""
    folded = _checked(email, name=name, locale=locale, password=password)
    chosen = None if password is None else _read_password(folded)
    hashed = None if chosen is None else await Passwords().hashed(chosen)
    async with open_adapter() as adapter, adapter.db.hot_transaction() as conn:
        made = await _add(conn, folded, name=name, locale=locale, support=support)
        link = None
        if hashed is None:
            link = await _link(conn, adapter, made)
        else:
            await rows.set_password(conn, made.id, hashed, now=made.created_at)
        await record(conn, "driver add", made.id, {"support": support})
    shown = {"id": made.id, "email": folded, "link": link}
    answer(shown, json=json, show=lambda: _show(shown))


@command(drivers, "list", example="emsp-adapter driver list --json")
async def list_(*, json: Json = False) -> None:
    """Every account, the newest first; guests have none."""
    async with open_adapter() as adapter, adapter.db.hot() as conn:
        found = await rows.accounts(conn)
    answer(
        [
            {"id": each.id, "email": each.email, "status": each.status, "support": each.staff}
            for each in found
        ],
        json=json,
        show=lambda: table(
            ["EMAIL", "STATUS", "NAME", "ID"],
            [(each.email, each.status, each.name, each.id) for each in found],
            empty="no drivers",
        ),
    )


@command(drivers, "block", example="emsp-adapter driver block ada@drivers.example")
async def block(email: Email, *, json: Json = False) -> None:
    """Let a driver neither sign in nor charge; what apps hold for it stops working at once, plans
    are cancelled, and a running adapter asks stations to end what goes on."""
    await _set_status(email, BLOCKED, json=json)


@command(drivers, "unblock", example="emsp-adapter driver unblock ada@drivers.example")
async def unblock(email: Email, *, json: Json = False) -> None:
    """Let a driver in again."""
    await _set_status(email, ACTIVE, json=json)


@command(drivers, "support", example="emsp-adapter driver support ada@drivers.example --off")
async def support(
    email: Email,
    *,
    on: Annotated[bool, typer.Option("--on/--off", help="Of the staff from now on, or no more.")],
    json: Json = False,
) -> None:
    """Let a person's apps have the scope `support`, or take it, also from what they hold."""
    async with open_adapter() as adapter, adapter.db.hot_transaction() as conn:
        found = await _found(conn, email)
        await rows.set_staff(conn, found.id, on)
        await record(conn, "driver support", found.id, {"support": on})
    answer(
        {"id": found.id, "email": found.email, "support": on},
        json=json,
        show=lambda: say(f"driver {found.email} is {'' if on else 'not '}of the staff"),
    )


async def _found(conn: Hot, email: str) -> Driver:
    found = await rows.by_email(conn, fold_email(email))
    if found is None:
        raise CommandError(f"EMAIL: there is no driver {email}")
    return found


async def _set_status(email: str, status: str, *, json: bool) -> None:
    """The driver's tokens follow, here and at partners."""
    async with open_office() as office, office.db.hot_transaction() as conn:
        found = await _found(conn, email)
        await rows.set_status(conn, found.id, status)
        await tokens.refresh(conn, office, found.id)
        if status == BLOCKED:
            await blocking.end_everything(conn, office, found.id)
        await record(conn, f"driver {status}", found.id)
    answer(
        {"id": found.id, "email": found.email, "status": status},
        json=json,
        show=lambda: say(f"driver {found.email} is {status}"),
    )


async def _add(conn: Hot, email: str, *, name: str | None, locale: str, support: bool) -> Driver:
    driver = new_driver(
        str(uuid4()), email, now=datetime.now(UTC), name=name, locale=locale, staff=support
    )
    if not await rows.add(conn, driver):
        raise CommandError(f"EMAIL: {email} has an account already")
    return driver


async def _link(conn: Hot, adapter: Adapter, driver: Driver) -> str:
    return await new_link(
        conn,
        adapter.settings.public_url,
        MailToken(Purpose.PASSWORD.value, driver.email or "", driver.id, None),
        expires_at=driver.created_at + INVITATION,
    )


def _checked(email: str, *, name: str | None, locale: str, password: str | None) -> str:
    folded = fold_email(email)
    problem = email_problem(folded)
    if problem is not None:
        raise _bad(f"EMAIL: {words(FALLBACK)(problem)}")
    if name is not None and (not name.isprintable() or len(name) > 100):
        raise _bad("--name: expected at most 100 characters")
    if locale not in LOCALES:
        raise _bad(f"--locale: expected one of {', '.join(LOCALES)}")
    if password not in (None, "-"):
        raise _bad("--password: expected `-`; a password on the command line is seen by others")
    return folded


def _read_password(email: str) -> str:
    chosen = sys.stdin.readline().rstrip("\r\n")
    problem = weakness(chosen, email=email)
    if problem is not None:
        raise _bad(f"--password: {words(FALLBACK)(problem)}")
    return chosen


def _bad(sentence: str) -> CommandError:
    return CommandError(sentence, code=Exit.BAD_INPUT)


def _show(shown: dict[str, str | None]) -> None:
    facts(shown.items())
    if shown["link"] is not None:
        say(f"The link is good once, for {INVITATION.days} days; it is not shown again.")
