"""The mobility provider of the demo, who works with the eMSP adapter's commands, and its driver."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from ocpi_hub.demo.neighbour import Neighbour, Refused
from ocpi_hub.demo.processes import DemoError
from ocpi_hub.demo.signing_in import access_token
from ocpi_hub.protocol.party import Party

Document = dict[str, Any]

EMSP: Final = Party("NL", "MPL")
NAME: Final = "Maple Mobility"
# Of a driver who lives as long as the demo: no secret.
EMAIL: Final = "robin@drivers.example"
PASSWORD: Final = "around-the-corner-7"

_ADAPTER: Final = "emsp_adapter"
_API: Final = "/app/v1"
_PAGE: Final = 100
_CDRS_LISTED: Final = "1000"
_HEAR_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Account:
    """What the provider's driver has at the end, and the CDRs for it."""

    charges: list[Document]
    receipts: list[Document]
    cdrs: list[Document]


@dataclass(frozen=True, slots=True)
class MobilityProvider:
    """`adapter` is asked over HTTP, as the driver; `output` gives what a command says."""

    adapter: Neighbour
    output: Callable[..., Awaitable[Any]]

    async def connect(self, versions_url: str, token: str) -> None:
        """Registers at the hub."""
        words = ("connect", "--name", "hub", "--versions-url", versions_url, "--token", "-")
        await self.output(_ADAPTER, *words, given=f"{token}\n")

    async def with_driver(self) -> MobilityProvider:
        """The provider with its driver, who can log in and pay."""
        await self.output(
            _ADAPTER, "driver", "add", EMAIL, "--password", "-", given=f"{PASSWORD}\n"
        )
        found = await self.signed_in()
        await found.ask("POST", "/payment-methods", {"kind": "demo"})
        return found

    async def signed_in(self) -> MobilityProvider:
        """The provider with a fresh access token of its driver."""
        token = await asyncio.to_thread(
            access_token, self.adapter.url, email=EMAIL, password=PASSWORD
        )
        return replace(self, adapter=replace(self.adapter, bearer=token))

    async def ask(
        self,
        method: str,
        path: str,
        document: Document | None = None,
        *,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Any:
        """What the driver API answers the driver."""
        return await self.adapter.ask(method, f"{_API}{path}", document, headers=headers)

    async def sticker(self, location: str, evse_uid: str) -> str:
        """Where the QR code of a plug leads, once the adapter has heard of the place."""
        driver = await self.signed_in()
        try:
            async with asyncio.timeout(_HEAR_SECONDS):
                while not await driver.knows(location):
                    self.adapter.child.require_running()
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise DemoError(f"the eMSP adapter has not heard of {location}") from None
        made = await self.output(_ADAPTER, "qr", location, evse_uid)
        return f"{self.adapter.url}/g/{made['code']}"

    async def knows(self, location: str) -> bool:
        """Whether the app shows the place."""
        try:
            await self.ask("GET", f"/locations/{location}")
        except Refused:
            return False
        return True

    async def account(self) -> Account:
        """Everything that the driver was sold."""
        driver = await self.signed_in()
        return Account(
            charges=await driver.every("charges", "state=past"),
            receipts=await driver.every("receipts"),
            cdrs=await self.output(_ADAPTER, "cdr", "list", "--limit", _CDRS_LISTED),
        )

    async def every(self, name: str, query: str = "") -> list[Document]:
        """A list of the driver API, to its last page."""
        found: list[Document] = []
        cursor = ""
        while True:
            page = await self.ask("GET", f"/{name}?limit={_PAGE}&{query}{cursor}")
            found += page[name]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"
