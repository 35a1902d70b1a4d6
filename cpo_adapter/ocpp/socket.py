"""The seam between a station's connection and the websocket that carries it."""

from __future__ import annotations

from typing import Protocol


class SocketClosed(Exception):
    """The websocket has ended; the message says how."""


class Socket(Protocol):
    """A websocket that is open."""

    async def receive(self) -> str | bytes:
        """The next message, or SocketClosed."""
        ...

    async def send(self, text: str) -> None:
        """Sends a text message, or SocketClosed; a peer that takes nothing is dropped in time."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Says goodbye; the next `receive` raises SocketClosed."""
        ...
