"""A provider for demonstrations: it says yes to everything, moves no money, and says so."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from emsp_adapter.payments.port import Card, Order, Refused, Setup

NOTE = "Demonstration: no money is moved."
LABEL = "Demo card (moves no money)"


@dataclass(frozen=True, slots=True)
class DemoProvider:
    """Carries out every order on paper; its references are made of the orders' keys."""

    name: str = "demo"
    note: str | None = NOTE
    needs_card: bool = False

    async def hold(self, order: Order) -> str:
        """Yes."""
        return f"demo-{order.key}"

    async def capture(self, reference: str, order: Order) -> str:
        """Yes."""
        del order
        return reference

    async def release(self, reference: str) -> None:
        """Yes."""
        del reference

    async def charge(self, order: Order) -> str:
        """Yes."""
        return f"demo-{order.key}"

    async def refund(self, reference: str, order: Order) -> str:
        """Yes."""
        del reference
        return f"demo-{order.key}"

    async def open_setup(self, payer: str, *, return_url: str) -> Setup:
        """There is no page to go to."""
        del payer
        return Setup("demo", return_url)

    async def finish_setup(self, setup: str, payer: str) -> Card:
        """A card that is none."""
        if setup != "demo":
            raise Refused("The demo takes no cards; add the demo card instead.")
        return Card(payer, f"demo-{uuid4()}", LABEL)

    async def forget(self, card: Card) -> None:
        """There is nothing to let go of."""
        del card
