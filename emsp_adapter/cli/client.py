"""`emsp-adapter client`: apps of others that may use the driver API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import typer

from emsp_adapter.cli.session import open_adapter, record
from emsp_adapter.driver_api.scheme import ALONE
from emsp_adapter.identity import keys
from emsp_adapter.identity.clients import SCOPES, WEB
from emsp_adapter.identity.redirects import redirect_problem
from emsp_adapter.store import clients as rows
from emsp_adapter.store.clients import ClientRow
from ocpi_hub.node.command import Json, command, group
from ocpi_hub.node.output import CommandError, Exit, answer, facts, say, table
from ocpi_hub.node.secrets import hash_token, new_token

clients = group("Clients: apps that use the driver API.")

_FOR_DRIVERS = "openid profile email locations charging history account problems"


@command(clients, "add", example="emsp-adapter client add Maps --json")
async def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What drivers see it as.")],
    *,
    redirect_uri: Annotated[
        list[str] | None,
        typer.Option(help="Where drivers are sent back to, letter by letter; may be repeated."),
    ] = None,
    credentials: Annotated[
        bool,
        typer.Option(
            "--credentials", help="It speaks for itself, as every app without --redirect-uri."
        ),
    ] = False,
    public: Annotated[
        bool, typer.Option("--public", help="It cannot keep a secret: an app on a device.")
    ] = False,
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may ask for; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Register an app; its secret is shown this once."""
    uris = redirect_uri or []
    _check(name, uris, credentials=credentials, public=public)
    alone = not uris
    secret = None if public else new_token()
    made = ClientRow(
        id=str(uuid4()),
        name=name.strip(),
        secret_hash=None if secret is None else hash_token(secret),
        redirect_uris=uris,
        grant_types=("client_credentials" if alone else "authorization_code refresh_token"),
        scope=_scope(scope, alone=alone),
        created_at=datetime.now(UTC),
    )
    async with open_adapter() as adapter, adapter.db.hot_transaction() as conn:
        await rows.add(conn, made)
        await record(conn, "client add", made.id, {"name": made.name, "scope": made.scope})
    shown = {"client_id": made.id, "client_secret": secret, "scope": made.scope}
    answer(shown, json=json, show=lambda: _show(shown))


@command(clients, "list", example="emsp-adapter client list --json")
async def list_(*, json: Json = False) -> None:
    """Every app that is registered, and the web app."""
    async with open_adapter() as adapter, adapter.db.hot() as conn:
        found = await rows.every(conn)
    shown = [
        {
            "client_id": each.id,
            "name": each.name,
            "grant_types": each.grant_types.split(),
            "scope": each.scope,
            "redirect_uris": each.redirect_uris,
        }
        for each in found
    ]
    answer(
        shown,
        json=json,
        show=lambda: table(
            ["ID", "NAME", "SCOPE"],
            [(each.id, each.name, each.scope) for each in found],
            empty=f"no apps but our own, {WEB}",
        ),
    )


@command(clients, "remove", example="emsp-adapter client remove 8f6c1c0e-…")
async def remove(
    client_id: Annotated[str, typer.Argument(metavar="ID", help="Its client id.")],
    *,
    json: Json = False,
) -> None:
    """Forget an app; its tokens end at once."""
    async with open_adapter() as adapter, adapter.db.hot_transaction() as conn:
        if not await rows.remove(conn, client_id, now=datetime.now(UTC)):
            raise CommandError(f"ID: there is no client {client_id!r}")
        await record(conn, "client remove", client_id)
    answer(
        {"client_id": client_id, "removed": True},
        json=json,
        show=lambda: say(f"client {client_id} is gone"),
    )


@command(clients, "new-signing-key", example="emsp-adapter client new-signing-key")
async def new_signing_key(*, json: Json = False) -> None:
    """Sign ID tokens with a new key, in place of one that may have leaked."""
    async with open_adapter() as adapter, adapter.db.hot_transaction() as conn:
        kid = await keys.replace(conn, adapter.vault, now=datetime.now(UTC))
        await record(conn, "client new-signing-key", kid)
    answer({"kid": kid}, json=json, show=lambda: say(f"ID tokens are signed with {kid}"))


def _check(name: str, uris: list[str], *, credentials: bool, public: bool) -> None:
    if not name.strip() or not name.isprintable() or len(name) > 100:
        raise _bad("NAME: expected 1 to 100 characters")
    if credentials and (uris or public):
        raise _bad("--credentials: expected neither --redirect-uri nor --public beside it")
    if public and not uris:
        raise _bad("--public: expected --redirect-uri beside it, where drivers are sent back to")
    for uri in uris:
        problem = redirect_problem(uri)
        if problem is not None:
            raise _bad(f"--redirect-uri {uri[:80]!r}: {problem}")


def _scope(given: list[str] | None, *, alone: bool) -> str:
    """What is asked for with --scope, which may hold several."""
    usual = "locations" if alone else _FOR_DRIVERS
    wanted = list(dict.fromkeys(" ".join(given or [usual]).replace(",", " ").split()))
    allowed = ALONE if alone else SCOPES
    for each in wanted:
        if each not in allowed:
            raise _bad(f"--scope {each[:40]!r}: expected one of {', '.join(allowed)}")
    return " ".join(wanted)


def _bad(sentence: str) -> CommandError:
    return CommandError(sentence, code=Exit.BAD_INPUT)


def _show(shown: dict[str, str | None]) -> None:
    facts(shown.items())
    if shown["client_secret"] is not None:
        say("The secret is not shown again.")
