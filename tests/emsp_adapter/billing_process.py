"""An adapter as a process of its own, for tests that kill it: its database's URL, then what it
pays by, are its arguments."""

from __future__ import annotations

import asyncio
import sys

from emsp_adapter.app import running
from emsp_adapter.settings import EmspSettings
from tests.hub.commands import KEY


async def main(database_url: str, stripe_url: str) -> None:
    """Bills and pays until it is killed."""
    settings = EmspSettings(
        allow_private_networks=True,
        payment="stripe",
        stripe_key="sk_test",
        stripe_url=stripe_url,
    )
    async with running(settings, database_url, KEY):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
