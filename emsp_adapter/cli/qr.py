"""`emsp-adapter qr`: the sticker with which somebody without an account charges at a plug."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emsp_adapter.charging import plug_codes
from emsp_adapter.cli.session import open_adapter
from emsp_adapter.network import places
from ocpi_hub.node.command import Json, command
from ocpi_hub.node.output import answer, print_line, say


def add_to(app: typer.Typer) -> None:
    """Makes it one of the commands."""
    command(app, "qr", example="emsp-adapter qr 'NL*CPO*LOC1' EVSE1 --out evse1.svg")(qr)


async def qr(
    location: Annotated[
        str, typer.Argument(metavar="LOCATION", help="Its public id, such as NL*CPO*LOC1.")
    ],
    evse_uid: Annotated[str, typer.Argument(metavar="EVSE", help="The EVSE's uid.")],
    *,
    connector: Annotated[
        str | None, typer.Option(help="The connector's id; the first without it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="The file to write instead of stdout.")
    ] = None,
    json: Json = False,
) -> None:
    """The QR code of a plug as SVG; the same plug always has the same code."""
    async with open_adapter() as adapter, adapter.db.hot_transaction() as conn:
        plug = await places.plug(conn, location, evse_uid, connector)
        code = await plug_codes.code_of(conn, plug)
        url = plug_codes.url_of(adapter.settings.public_url, code)
    picture = plug_codes.svg(url)
    if out is not None:
        out.write_bytes(picture)
    shown = {"code": code, "url": url, "svg": picture.decode()}
    answer(shown, json=json, show=lambda: _show(url, picture, out))


def _show(url: str, picture: bytes, out: Path | None) -> None:
    say(f"The code leads to {url}")
    if out is None:
        print_line(picture.decode().strip())
