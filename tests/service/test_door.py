"""How answers leave."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from ocpi_hub.service.door import InOnePiece


@pytest.fixture
async def pieces() -> AsyncIterator[tuple[InOnePiece, socket.socket]]:
    """What a server writes to, and the peer's end of the connection."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    with closing(theirs):
        yield InOnePiece(transport, loop), theirs
        transport.abort()


async def test_what_is_written_in_one_turn_leaves_in_one_piece(
    pieces: tuple[InOnePiece, socket.socket],
) -> None:
    ours, theirs = pieces

    ours.write(b"head ")
    with pytest.raises(BlockingIOError):
        theirs.recv(100)
    ours.write(b"body")
    await asyncio.sleep(0)

    assert theirs.recv(100) == b"head body"


async def test_closing_loses_nothing(pieces: tuple[InOnePiece, socket.socket]) -> None:
    ours, theirs = pieces

    ours.write(b"head ")
    ours.write(b"body")
    ours.close()
    await asyncio.sleep(0.01)

    assert theirs.recv(100) == b"head body"
    assert theirs.recv(100) == b""
