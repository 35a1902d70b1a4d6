"""`connect` and `invite`: how an adapter comes to have peers."""

from __future__ import annotations

import sys
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from ocpi_hub.node.command import Json, command, parsed
from ocpi_hub.node.output import CommandError, Exit, answer, facts, say
from ocpi_hub.peering.commands.adapter import LONGEST_NAME, Adapter, check_name
from ocpi_hub.peering.commands.documents import (
    described,
    moment_of,
    peer_status,
    show_registered,
    summary,
)
from ocpi_hub.peering.peers import Peer
from ocpi_hub.peering.side import OcpiSide
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.roles import party_in_role
from ocpi_hub.protocol.urls import check_url


def add_connect(app: typer.Typer, adapter: Adapter) -> None:
    """Makes `connect` one of the commands."""
    program = adapter.program

    @command(
        app,
        "connect",
        example=f"{program} connect --versions-url https://hub.example/ocpi/versions --token -",
    )
    async def connect(
        *,
        versions_url: Annotated[str, typer.Option(help="The versions URL of the hub or peer.")],
        token: Annotated[
            str,
            typer.Option(
                help="The token A you were given; - reads it from standard input, which keeps it "
                "out of the list of processes."
            ),
        ],
        name: Annotated[
            str | None, typer.Option(help="Your name for it; default: the host in the URL.")
        ] = None,
        json: Json = False,
    ) -> None:
        """Register at a hub or a peer that invited you; where you are registered, PUT again."""
        given = sys.stdin.readline().strip() if token == "-" else token
        if not given:
            raise CommandError("--token is empty: expected a token A", code=Exit.BAD_INPUT)
        check_url(versions_url, name="versions_url")
        called = name or urlsplit(versions_url).netloc[:LONGEST_NAME]
        check_name(called)
        async with adapter.side(running=True) as side:
            peer = await side.registrar.connect(called, versions_url=versions_url, token=given)
            found = await _with_clients(side, peer)
        answer(described(found), json=json, show=lambda: show_registered(found))


async def _with_clients(side: OcpiSide, peer: Peer) -> Peer:
    """Of a hub it has to be known who is behind it, before anything else."""
    if not peer.is_hub:
        return peer
    try:
        await side.clients.read(peer)
    except OcpiError as error:
        say(f"warning: who is behind the hub could not be read, it will be: {error.message}")
    return side.peers.named(peer.name)


def add_invite(app: typer.Typer, adapter: Adapter) -> None:
    """Makes `invite` one of the commands."""

    @command(app, "invite", example=f"{adapter.program} invite ems --party DE/EMS/EMSP")
    async def invite(
        name: Annotated[str, typer.Argument(metavar="NAME", help="Your name for the peer.")],
        *,
        party: Annotated[
            list[str] | None,
            typer.Option(
                metavar="CC/PID/ROLE",
                help="A party it may register, as DE/EMS/EMSP, even one that is known behind a "
                "hub; may be repeated. Default: any that nobody else speaks for.",
            ),
        ] = None,
        json: Json = False,
    ) -> None:
        """Make a token A for a hub or a peer that will register here; it is shown this once.

        Inviting a name again replaces its tokens and keeps everything else.
        """
        check_name(name)
        named = [parsed(party_in_role, text) for text in party or ()]
        bound_to = [f"{each}/{role}" for each, role in named] or None
        async with adapter.side(running=False) as side:
            invitation = await side.registrar.invite(name, bound_to=bound_to)
        shown = {
            "name": name,
            "status": peer_status(invitation.peer),
            "token": invitation.token,
            "versions_url": side.identity.versions_url,
            "expires_at": invitation.expires_at,
            "parties": summary(invitation.peer)["parties"],
            "invited_parties": invitation.peer.bound_to,
        }
        answer(shown, json=json, show=lambda: _show_invitation(shown))


def _show_invitation(invitation: dict[str, Any]) -> None:
    facts(
        [
            ("versions URL", invitation["versions_url"]),
            ("token A", invitation["token"]),
            ("expires at", moment_of(invitation["expires_at"])),
        ]
    )
    say("Give both to the peer over a safe channel; the token is not shown again.")
