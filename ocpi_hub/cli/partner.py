"""`ocpi-hub partner`: who is connected, and letting partners in and out."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ocpi_hub import onboarding, resend
from ocpi_hub.cli.session import Session, open_hub, record
from ocpi_hub.node.command import Json, command, group, parsed
from ocpi_hub.node.engine import Connection
from ocpi_hub.node.output import CommandError, Exit, answer, facts, say, table
from ocpi_hub.onboarding import Onboarding
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.quirks import Quirk
from ocpi_hub.protocol.v2_2_1.hub_client_info import ConnectionStatus
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.http import HttpxTransport, make_client
from ocpi_hub.service.tls import tls_context
from ocpi_hub.snapshot import PartyRole, Platform
from ocpi_hub.store import platforms, registrations
from ocpi_hub.store.platforms import PlatformStatus, TokenKind
from ocpi_hub.store.registrations import Claim, check_claims

partners = group("Partners: invite, connect, look at, suspend and remove them.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Your name for the partner.")]

_LONGEST_NAME = 100
# Beside OCPI's four words: a platform that was removed has no business here any more.
_REMOVED = "REMOVED"


# --- looking ---------------------------------------------------------------------------------


@command(partners, "list", example="ocpi-hub partner list --json")
async def list_(
    *,
    removed: Annotated[bool, typer.Option("--all", help="Removed partners too.")] = False,
    json: Json = False,
) -> None:
    """Every partner with its parties and whether they are connected."""
    async with open_hub() as hub:
        everybody = sorted(hub.snapshot.platforms.values(), key=lambda p: p.name)
    listed = [p for p in everybody if removed or p.status is not PlatformStatus.REMOVED]
    answer(
        [_summary(platform) for platform in listed],
        json=json,
        show=lambda: table(
            ["PARTNER", "STATUS", "PARTIES", "LAST HEARD OF"],
            [
                (p.name, platform_status(p), ", ".join(_parties(p)), _moment(p.last_seen))
                for p in listed
            ],
            empty="no partners yet: invite one with `ocpi-hub partner invite NAME`",
        ),
    )


@command(partners, "show", example="ocpi-hub partner show tnm")
async def show(name: Name, *, json: Json = False) -> None:
    """Everything about one partner, except its tokens."""
    async with open_hub() as hub:
        platform = hub.platform(name)
        async with hub.db.begin() as conn:
            bound_to = await registrations.bound_to(conn, platform.id)
    invitations = [
        entry.expires_at
        for entry in hub.snapshot.tokens.values()
        if entry.platform.id == platform.id and entry.kind is TokenKind.INVITATION
    ]
    found = _described(platform) | {
        "invited_parties": bound_to,
        "invitation_expires_at": next(iter(invitations), None),
        "quirks": sorted(platform.quirks),
        "last_seen": platform.last_seen,
        "status_since": platform.presence_since,
        "endpoints": [
            {"identifier": module, "role": side.value, "url": url}
            for (module, side), url in sorted(platform.endpoints.items())
        ],
    }
    answer(found, json=json, show=lambda: _show(platform, found))


def _show(platform: Platform, found: dict[str, Any]) -> None:
    facts(
        (name.replace("_", " "), ", ".join(value) if isinstance(value, list) else value)
        for name, value in found.items()
        if name not in ("parties", "endpoints") and value != []
    )
    table(
        ["PARTY", "STATUS"],
        [(f"{role.party}/{role.role}", _party_status(platform, role)) for role in platform.roles],
        empty="it speaks for no party yet",
    )


# --- coming and going ------------------------------------------------------------------------


@command(partners, "invite", example="ocpi-hub partner invite tnm --party NL/TNM/CPO")
async def invite(
    name: Name,
    *,
    party: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CC/PID/ROLE",
            help="A party it may register, as NL/TNM/EMSP; may be repeated. Default: any free one.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Make a token A for a partner that will register here; it is shown this once.

    Inviting a name again replaces its tokens and keeps everything else.
    """
    _check_name(name)
    async with open_hub() as hub:
        claims = [parsed(Claim.parse, text) for text in party or ()]
        _check_free_of_hub(claims, hub)
        _refuse_suspended(hub, name)
        bound_to = [str(claim) for claim in claims] or None
        now = datetime.now(UTC)
        token, expires_at = await onboarding.invite(hub.db, name, bound_to=bound_to, now=now)
        async with hub.db.begin() as conn:
            await record(conn, "partner.invite", name, {"parties": bound_to})
        await hub.registry.refresh()
        platform, urls = hub.platform(name), hub.urls
    invitation = {
        "name": name,
        "status": platform_status(platform),
        "token": token,
        "versions_url": urls.versions,
        "expires_at": expires_at,
        "parties": _summary(platform)["parties"],
    }
    answer(invitation, json=json, show=lambda: _show_invitation(invitation))


def _show_invitation(invitation: dict[str, Any]) -> None:
    facts(
        [
            ("versions URL", invitation["versions_url"]),
            ("token A", invitation["token"]),
            ("expires at", _moment(invitation["expires_at"])),
        ]
    )
    say("Give both to the partner over a safe channel; the token is not shown again. Its steps:")
    say("  1. GET the versions URL with the header `Authorization: Token <token A in base64>`")
    say("  2. GET the URL listed for version 2.2.1, and find the endpoint of `credentials`")
    say("  3. POST credentials there, with a token of its own and its versions URL")


@command(
    partners,
    "connect",
    example="ocpi-hub partner connect tnm --versions-url https://ocpi.tnm.example/versions"
    " --token -",
)
async def connect(
    name: Name,
    *,
    versions_url: Annotated[str, typer.Option(help="The partner's versions URL.")],
    token: Annotated[
        str,
        typer.Option(
            help="The token A the partner gave you; - reads it from standard input, which keeps it "
            "out of the list of processes."
        ),
    ],
    json: Json = False,
) -> None:
    """Register at a partner that invited the hub; at one we are registered with, PUT again."""
    _check_name(name)
    given = sys.stdin.readline().strip() if token == "-" else token
    if not given:
        raise CommandError("--token is empty: expected the partner's token A", code=Exit.BAD_INPUT)
    async with open_hub() as hub:
        _refuse_suspended(hub, name)
        known = next((p for p in hub.snapshot.platforms.values() if p.name == name), None)

        async def exchange(side: Onboarding) -> object:
            return await side.connect(name, versions_url=versions_url, token=given, known=known)

        platform = await _exchanged(hub, name, "partner.connect", exchange)
    answer(_described(platform), json=json, show=lambda: _show_registered(platform))


@command(partners, "rotate", example="ocpi-hub partner rotate tnm")
async def rotate(name: Name, *, json: Json = False) -> None:
    """Exchange fresh tokens with a registered partner, by a PUT of the hub's."""
    async with open_hub() as hub:
        before = hub.platform(name)
        if not before.registered:
            raise CommandError(
                f"{name} is {platform_status(before)}: only a registered partner has tokens"
            )
        platform = await _exchanged(hub, name, "partner.rotate", lambda side: side.rotate(before))
    answer(_described(platform), json=json, show=lambda: _show_registered(platform))


def _show_registered(platform: Platform) -> None:
    spoken = ", ".join(_parties(platform)) or "no party"
    say(f"{platform.name} is {platform_status(platform)} and speaks for {spoken}")


@command(partners, "suspend", example="ocpi-hub partner suspend tnm")
async def suspend(name: Name, *, json: Json = False) -> None:
    """Refuse a partner until it is resumed; the others see its parties as SUSPENDED."""
    async with open_hub() as hub:
        platform = await _changed(
            hub, name, "suspend", lambda conn, id_, now: platforms.suspend(conn, id_, now=now)
        )
    answer(_summary(platform), json=json, show=lambda: say(f"{name} is suspended"))


@command(partners, "resume", example="ocpi-hub partner resume tnm")
async def resume(name: Name, *, json: Json = False) -> None:
    """Let a suspended partner take part again; what it missed is sent."""
    async with open_hub() as hub:
        platform = await _changed(
            hub, name, "resume", lambda conn, id_, now: platforms.resume(conn, id_, now=now)
        )
        await resend.start(hub.db, resend.to_and_from_platform(hub.snapshot, platform))
    answer(_summary(platform), json=json, show=lambda: say(f"{name} may take part again"))


@command(partners, "remove", example="ocpi-hub partner remove tnm")
async def remove(name: Name, *, json: Json = False) -> None:
    """End a registration: the partner is told with DELETE credentials, all tokens are gone."""
    async with open_hub() as hub:
        platform = hub.platform(name)
        if platform.status is PlatformStatus.REMOVED:
            raise CommandError(f"{name} is removed already")
        async with _calling(hub) as side:
            untold = await side.leave(platform)
        told = untold is None and platform.token_out is not None
        async with hub.db.begin() as conn:
            await registrations.remove(conn, platform.id, now=datetime.now(UTC))
            await record(conn, "partner.remove", name, {"told": told})
    answer(
        {"name": name, "status": _REMOVED, "told": told, "reason": untold},
        json=json,
        show=lambda: say(f"{name} is removed" + (f"; it was not told: {untold}" if untold else "")),
    )


@command(partners, "resync", example="ocpi-hub partner resync tnm")
async def resync(name: Name, *, json: Json = False) -> None:
    """Send everything a partner may see once more."""
    async with open_hub() as hub:
        platform = hub.platform(name)
        if not platform.registered:
            raise CommandError(f"{name} is {platform_status(platform)}: nothing is sent to it")
        walks = resend.to_platform(hub.snapshot, platform)
        await resend.start(hub.db, walks)
        async with hub.db.begin() as conn:
            await record(conn, "partner.resync", name, {"walks": len(walks)})
    begun = [{"receiver": w.receiver, "owner": w.owner, "module": w.module} for w in walks]
    answer(
        {"name": name, "backfills": begun},
        json=json,
        show=lambda: say(f"{name} is sent everything again: {len(walks)} walks were begun"),
    )


@command(partners, "quirk", example="ocpi-hub partner quirk tnm plain_token")
async def quirk(
    name: Name,
    quirk: Annotated[Quirk, typer.Argument(help="What the partner does differently.")],
    *,
    off: Annotated[bool, typer.Option("--off", help="It does so no longer.")] = False,
    json: Json = False,
) -> None:
    """Get along with a known deviation of one partner, or no longer."""
    async with open_hub() as hub:
        platform = hub.platform(name)
        quirks = platform.quirks - {quirk.value} if off else platform.quirks | {quirk.value}
        async with hub.db.begin() as conn:
            await platforms.set_quirks(conn, platform.id, quirks=quirks)
            await record(conn, "partner.quirk", name, {"quirk": quirk.value, "on": not off})
    named = ", ".join(sorted(quirks)) or "none"
    answer(
        {"name": name, "quirks": sorted(quirks)},
        json=json,
        show=lambda: say(f"quirks of {name}: {named}" + ("" if off else f" ({quirk.reason})")),
    )


# --- steps -----------------------------------------------------------------------------------


def _check_name(name: str) -> None:
    if not (name and name == name.strip() and name.isprintable() and len(name) <= _LONGEST_NAME):
        raise CommandError(
            f"NAME: expected 1 to {_LONGEST_NAME} printable characters without spaces around them",
            code=Exit.BAD_INPUT,
        )


def _check_free_of_hub(claims: list[Claim], hub: Session) -> None:
    try:
        check_claims(claims, bound_to=None, hub=hub.party)
    except InvalidParameters as error:
        raise CommandError(f"--party: {error.message}", code=Exit.BAD_INPUT) from error


def _refuse_suspended(hub: Session, name: str) -> None:
    for platform in hub.snapshot.platforms.values():
        if platform.name == name and platform.status is PlatformStatus.SUSPENDED:
            raise CommandError(
                f"{name} is suspended: resume it first with `ocpi-hub partner resume {name}`"
            )


@asynccontextmanager
async def _calling(hub: Session) -> AsyncIterator[Onboarding]:
    """The hub's side of credentials, with a client to call partners."""
    urls = hub.urls
    guard = AddressGuard(hub.settings.allow_private_networks, own_urls=(urls.public_url,))
    client = make_client(guard, tls_context())
    try:
        transport = HttpxTransport(client)
        yield Onboarding(hub.db, hub.vault, transport, hub.party, hub.settings.name, urls.versions)
    finally:
        await client.aclose()


async def _exchanged(
    hub: Session, name: str, action: str, exchange: Callable[[Onboarding], Awaitable[object]]
) -> Platform:
    """The partner after a handshake of ours, during which it calls the running hub back."""
    if not await hub.alive():
        raise CommandError(
            "the hub is not running: start it with `ocpi-hub up`", code=Exit.UNAVAILABLE
        )
    async with _calling(hub) as side:
        await exchange(side)
    async with hub.db.begin() as conn:
        await record(conn, action, name)
    await hub.registry.refresh()
    return hub.platform(name)


async def _changed(
    hub: Session,
    name: str,
    verb: str,
    change: Callable[[Connection, str, datetime], Awaitable[bool]],
) -> Platform:
    """The partner after a change of its status; CommandError when there was nothing to change."""
    platform = hub.platform(name)
    async with hub.db.begin() as conn:
        if not await change(conn, platform.id, datetime.now(UTC)):
            raise CommandError(f"cannot {verb} {name}: it is {platform_status(platform)}")
        await record(conn, f"partner.{verb}", name)
    await hub.registry.refresh()
    return hub.platform(name)


# --- words -----------------------------------------------------------------------------------


def platform_status(platform: Platform) -> str:
    """OCPI's ConnectionStatus of a whole platform; PLANNED is invited and never connected."""
    match platform.status:
        case PlatformStatus.INVITED:
            return ConnectionStatus.PLANNED.value
        case PlatformStatus.REGISTERED:
            return platform.presence.value
        case PlatformStatus.SUSPENDED:
            return ConnectionStatus.SUSPENDED.value
        case PlatformStatus.REMOVED:
            return _REMOVED


def _party_status(platform: Platform, role: PartyRole) -> str:
    gone = role.suspended or platform.status is PlatformStatus.REMOVED
    return ConnectionStatus.SUSPENDED.value if gone else platform_status(platform)


def _parties(platform: Platform) -> list[str]:
    return [f"{role.party}/{role.role}" for role in platform.roles if not role.suspended]


def _summary(platform: Platform) -> dict[str, Any]:
    return {
        "name": platform.name,
        "status": platform_status(platform),
        "parties": [
            {
                "country_code": role.party.country_code,
                "party_id": role.party.party_id,
                "role": role.role.value,
                "status": _party_status(platform, role),
            }
            for role in platform.roles
        ],
    }


def _described(platform: Platform) -> dict[str, Any]:
    summary = _summary(platform)
    return {
        "name": summary["name"],
        "status": summary["status"],
        "versions_url": platform.versions_url,
        "version": platform.version,
        "parties": summary["parties"],
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%d %H:%M:%SZ")
