"""The transport to apps of this process."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ocpi_hub.service.transport import (
    AnswerTimeout,
    AsgiApp,
    AsgiTransport,
    BadAnswer,
    ConnectFailed,
    Request,
    TransportError,
)


def app_with(*messages: dict[str, Any]) -> AsgiApp:
    """An app that sends these."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return app


START = {"type": "http.response.start", "status": 200, "headers": [(b"Link", b"<a>")]}


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with what it was sent."""
    message = await receive()
    headers = b"|".join(name + b"=" + value for name, value in scope["headers"])
    said = b" ".join((scope["method"].encode(), scope["raw_path"], scope["query_string"], headers))
    await send({"type": "http.response.start", "status": 201, "headers": scope["headers"]})
    await send({"type": "http.response.body", "body": said + b" ", "more_body": True})
    await send({"type": "http.response.body", "body": message["body"]})


async def hang(scope: Any, receive: Any, send: Any) -> None:
    """Never answers."""
    await asyncio.sleep(60)


async def test_an_app_hears_the_request_and_its_answer_comes_back() -> None:
    transport = AsgiTransport({"cpo.example": echo})
    request = Request("PUT", "https://cpo.example/a%2Fb?c=d", (("X-Request-ID", "1"),), b"{}")

    response = await transport.send(request, timeout=1)

    assert (response.status, response.headers["x-request-id"]) == (201, "1")
    assert response.body == (b"PUT /a%2Fb c=d host=cpo.example|x-request-id=1|content-length=2 {}")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("https://nobody.example/", ConnectFailed),
        ("https://hang.example/", AnswerTimeout),
        ("https://early.example/", BadAnswer),
        ("https://silent.example/", BadAnswer),
        ("https://large.example/", BadAnswer),
    ],
)
async def test_an_app_that_is_not_there_or_does_not_answer_is_an_error(
    url: str, error: type[TransportError]
) -> None:
    large = {"type": "http.response.body", "body": b" " * 256_001}
    transport = AsgiTransport(
        {
            "hang.example": hang,
            "early.example": app_with(START),
            "silent.example": app_with(),
            "large.example": app_with(START, large),
        }
    )

    with pytest.raises(error):
        await transport.send(Request("GET", url), timeout=0.05)


async def test_a_header_that_would_break_out_is_refused() -> None:
    request = Request("GET", "https://cpo.example/", (("X-Request-ID", "a\r\nb"),))

    with pytest.raises(TransportError, match="X-Request-ID"):
        await AsgiTransport({"cpo.example": echo}).send(request, timeout=1)
