"""Steps of scenarios that several tests play."""

from __future__ import annotations

from typing import Any

CARD = "CARD0001"
PLUG = {"do": "plug", "battery_kwh": 60, "charged": 40, "ac_kw": 22}
SWIPE = {"do": "swipe", "uid": CARD}
BOOT = {"do": "charge", "seconds": 20}


def charge(seconds: int) -> dict[str, Any]:
    """Lets so many seconds pass."""
    return {"do": "charge", "seconds": seconds}
