"""`peer`: who the peers are, what they did not take, fresh tokens, and the end."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ocpi_hub.node.command import Json, command, group
from ocpi_hub.node.output import CommandError, answer, say, table
from ocpi_hub.peering.commands.adapter import Adapter
from ocpi_hub.peering.commands.documents import (
    REMOVED,
    behind,
    described,
    moment_of,
    parties_of,
    peer_status,
    show_registered,
)
from ocpi_hub.peering.side import OcpiSide
from ocpi_hub.peering.store import parked
from ocpi_hub.peering.store.parked import Parked
from ocpi_hub.peering.store.peers import PeerStatus

Name = Annotated[str, typer.Argument(metavar="NAME", help="Your name for the peer.")]


def peers(adapter: Adapter) -> typer.Typer:
    """The commands of `peer`."""
    made = group("Peers: look at them, rotate their tokens, end a registration.")
    _add_list(made, adapter)
    _add_rotate(made, adapter)
    _add_remove(made, adapter)
    _add_parked(made, adapter)
    _add_replay(made, adapter)
    return made


def _add_list(peers: typer.Typer, adapter: Adapter) -> None:
    @command(peers, "list", example=f"{adapter.program} peer list --json")
    async def list_(
        *,
        removed: Annotated[bool, typer.Option("--all", help="Removed peers too.")] = False,
        json: Json = False,
    ) -> None:
        """Every peer with its parties and whether it is connected."""
        async with adapter.side(running=False) as side:
            everybody = sorted(side.peers, key=lambda peer: peer.name)
        listed = [p for p in everybody if removed or p.status is not PeerStatus.REMOVED]
        answer(
            [described(peer) for peer in listed],
            json=json,
            show=lambda: table(
                ["PEER", "STATUS", "PARTIES", "BEHIND IT", "LAST HEARD OF"],
                [
                    (p.name, peer_status(p), parties_of(p), behind(p), moment_of(p.last_seen))
                    for p in listed
                ],
                empty=f"no peers yet: `{adapter.program} connect` or `invite` makes one",
            ),
        )


def _add_parked(peers: typer.Typer, adapter: Adapter) -> None:
    @command(peers, "parked", example=f"{adapter.program} peer parked --json")
    async def list_parked(*, json: Json = False) -> None:
        """What peers did not take, and why."""
        async with adapter.side(running=False) as side, side.db.hot() as conn:
            rows = await parked.all_(conn)
            found = [_parked_document(row, side) for row in rows]
        answer(
            found,
            json=json,
            show=lambda: table(
                ["FOR", "MODULE", "ID", "CODE", "REASON", "ATTEMPTS"],
                [
                    (f["receiver"], f["module"], f["id"], f["code"], f["reason"], f["attempts"])
                    for f in found
                ],
                empty="everything was taken",
            ),
        )


def _add_replay(peers: typer.Typer, adapter: Adapter) -> None:
    @command(peers, "replay", example=f"{adapter.program} peer replay cdrs 7f3a")
    async def replay(
        module: Annotated[str, typer.Argument(metavar="MODULE", help="Its module, as cdrs.")],
        id_: Annotated[str, typer.Argument(metavar="ID", help="The object's id.")],
        *,
        json: Json = False,
    ) -> None:
        """Send what a peer did not take once more, as it is now."""
        async with adapter.side(running=False) as side, side.db.hot() as conn:
            count = await parked.replay(conn, module, id_)
        if count == 0:
            raise CommandError(f"nothing of {module} {id_} is parked")
        answer(
            {"module": module, "id": id_, "replayed": count},
            json=json,
            show=lambda: say(f"{module} {id_} is sent again"),
        )


def _parked_document(row: Parked, side: OcpiSide) -> dict[str, Any]:
    peer = side.peers.get(row.audience.peer_id)
    return {
        "receiver": row.audience.party.upper() if peer is None else peer.name,
        "module": row.audience.module,
        "id": row.id,
        "code": row.code,
        "reason": row.message,
        "attempts": row.attempts,
        "since": row.since,
        "retry_at": row.retry_at,
    }


def _add_rotate(peers: typer.Typer, adapter: Adapter) -> None:
    @command(peers, "rotate", example=f"{adapter.program} peer rotate hub")
    async def rotate(name: Name, *, json: Json = False) -> None:
        """Exchange fresh tokens with a registered peer, by a PUT of ours."""
        async with adapter.side(running=True) as side:
            peer = await side.registrar.rotate(side.peers.named(name))
        answer(described(peer), json=json, show=lambda: show_registered(peer))


def _add_remove(peers: typer.Typer, adapter: Adapter) -> None:
    @command(peers, "remove", example=f"{adapter.program} peer remove hub")
    async def remove(name: Name, *, json: Json = False) -> None:
        """End a registration: the peer is told with DELETE credentials, all tokens are gone."""
        async with adapter.side(running=False) as side:
            peer = side.peers.named(name)
            if peer.status is PeerStatus.REMOVED:
                raise CommandError(f"{name} is removed already")
            reason = await side.registrar.leave(peer)
        answer(
            {"name": name, "status": REMOVED, "told": reason is None, "reason": reason},
            json=json,
            show=lambda: say(f"{name} is removed" + (f"; not told: {reason}" if reason else "")),
        )
