"""What a request names: the parameters of its query and its form, each once and within reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import InvalidRequestError
from starlette.requests import Request

from emsp_adapter.identity.limits import FIELDS, FORM_BYTES

_FORM = "application/x-www-form-urlencoded"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# RFC 6749 4.1.2.1: what may stand in an error_description, where authlib puts some of these.
_WORDS = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
_WORDED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "grant_type",
    "scope",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "refresh_token",
    "prompt",
)

Parameters = Mapping[str, str]


def read_query(text: str) -> dict[str, str]:
    """The parameters of a query, or InvalidRequestError.

    RFC 6749 3.1: "Request and response parameters MUST NOT be included more than once."
    """
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS, encoding="utf-8"
        )
    except ValueError as error:
        raise InvalidRequestError("The parameters cannot be read.") from error
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidRequestError("A parameter was given more than once.")
        if _CONTROL.search(name) or _CONTROL.search(value):
            raise InvalidRequestError("A parameter has control characters.")
        # 3.1: "Parameters sent without a value MUST be treated as if they were omitted".
        if value:
            found[name] = value
    for name in _WORDED:
        if not _WORDS.fullmatch(found.get(name, "")):
            raise InvalidRequestError(f"The parameter '{name}' has characters it cannot have.")
    return found


async def read_form(request: Request) -> dict[str, str]:
    """The parameters of a form, or InvalidRequestError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise InvalidRequestError(f"Expected a body of type {_FORM}.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise InvalidRequestError("The form is too large.", status_code=413)
    try:
        return read_query(body.decode("ascii"))
    except UnicodeDecodeError as error:
        raise InvalidRequestError("The form is not URL-encoded.") from error
