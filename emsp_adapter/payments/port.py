"""What the adapter asks of whoever moves the money, and what can come of it.

Each order has a key: the same order under the same key is carried out once, however often it is
asked for. An error says what is known:

    PaymentError
    ├── Refused      definitely not done, and why in one sentence; after a capture nothing is held
    │   └── TooSmall the amount is less than the provider moves
    └── Unclear      it may have been done: ask again, with the same key
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Protocol


class PaymentError(Exception):
    """An order was not carried out, as far as is known."""


class Refused(PaymentError):
    """The order was refused, for good as far as its key goes."""


class TooSmall(Refused):
    """The amount is less than the provider moves, and no card or other time changes that."""


class Unclear(PaymentError):
    """There was no clear answer."""


@dataclass(frozen=True, slots=True)
class Card:
    """A means of payment as the provider knows it."""

    customer: str | None
    reference: str
    label: str = ""


# From then on a provider may have forgotten a key, and is asked what became of its order.
LONG_AGO = timedelta(hours=1)

# Whoever has no card: the demo needs none.
NO_CARD = Card(None, "none")


@dataclass(frozen=True, slots=True)
class Order:
    """Money to be held, taken or given back.

    `subject` is our id of what is paid, kept with the provider; `repeated` says that the order was
    sent long ago, so that the provider may have forgotten its key.
    """

    key: str
    subject: str
    amount: Decimal
    currency: str
    card: Card = field(default=NO_CARD)
    text: str = ""
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Setup:
    """A card about to be added: where the driver gives it to the provider."""

    id: str
    url: str


class PaymentProvider(Protocol):
    """Moves money. References are the provider's names of payments and refunds."""

    @property
    def name(self) -> str:
        """demo or stripe."""

    @property
    def note(self) -> str | None:
        """What drivers have to know about it."""

    @property
    def needs_card(self) -> bool:
        """Whether nothing can be paid without a card."""

    async def hold(self, order: Order) -> str:
        """Reserve an amount on the card; the payment's reference."""

    async def capture(self, reference: str, order: Order) -> str:
        """Take so much of what is held, and give the rest back; Refused gives back all of it."""

    async def release(self, reference: str) -> None:
        """Give all of what is held back."""

    async def charge(self, order: Order) -> str:
        """Take an amount from the card without a hold; the payment's reference."""

    async def refund(self, reference: str, order: Order) -> str:
        """Give so much of a payment back; the refund's reference."""

    async def open_setup(self, payer: str, *, return_url: str) -> Setup:
        """Begin to add a card of that payer."""

    async def finish_setup(self, setup: str, payer: str) -> Card:
        """The card that the payer added; Refused when there is none or it is another's."""

    async def forget(self, card: Card) -> None:
        """Let go of a card."""
