"""How drivers pay: providers behind one port, cards, and holds while charges go on."""

from __future__ import annotations

from emsp_adapter.payments.holding import Hold, hold, release, unpayable
from emsp_adapter.payments.methods import card_of_setup, has, keep, open_setup
from emsp_adapter.payments.port import PaymentError, Refused

__all__ = [
    "Hold",
    "PaymentError",
    "Refused",
    "card_of_setup",
    "has",
    "hold",
    "keep",
    "open_setup",
    "release",
    "unpayable",
]
