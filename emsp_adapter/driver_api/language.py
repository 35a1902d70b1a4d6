"""The language of an answer: that of the request, or else the driver's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request

from emsp_adapter.driver_api.door import locale_of
from emsp_adapter.money.price_texts import language_of

_Accepted = Annotated[
    str | None,
    Header(
        alias="Accept-Language",
        max_length=500,
        description="Without it sentences are in the language that the driver chose.",
    ),
]


def spoken(request: Request, accepted: _Accepted = None) -> str:
    """The language that sentences of the answer are in."""
    return language_of(accepted, default=locale_of(request))


# What a route asks for that says something in words.
Language = Annotated[str, Depends(spoken)]
