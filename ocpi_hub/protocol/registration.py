"""The credentials handshake as the calling side sees it: discover a peer, then register with it.

Used by the side that POSTs (discover with token A, then POST) and by the side that is POSTed to
(discover with token B while the POST is open). Each failure says which URL and which step, because
the person reading it has to call somebody. Source: 2.2.1 credentials, Registration; versions.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from ocpi_hub.protocol.errors import (
    ClientError,
    NoMatchingEndpoints,
    OcpiError,
    UnableToUseClientApi,
    UnsupportedVersion,
)
from ocpi_hub.protocol.headers import CORRELATION_ID, REQUEST_ID, authorization
from ocpi_hub.protocol.jsontext import dumps, loads
from ocpi_hub.protocol.modules import VERSION
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.urls import check_url
from ocpi_hub.protocol.v2_2_1.credentials import Credentials
from ocpi_hub.protocol.validation import check
from ocpi_hub.service.transport import Request, Transport, TransportError

Endpoints = dict[tuple[str, Interface], str]
_CAP = 256_000


@dataclass(frozen=True, slots=True)
class Discovered:
    """What a peer's versions and version details say."""

    version: str
    versions_url: str
    endpoints: Endpoints
    plain_token: bool


@dataclass(frozen=True, slots=True)
class Handshake:
    """A run of the handshake: how to call, how long each step may take (seconds), and the ids."""

    transport: Transport
    timeout: float
    new_id: Callable[[], str] = lambda: str(uuid4())
    correlation_id: str = field(default_factory=lambda: str(uuid4()))

    async def discover(
        self, versions_url: str, token: str, *, plain_token: bool | None = None
    ) -> Discovered:
        """Versions, then the details of 2.2.1.

        `plain_token` None finds out which form of the token the peer takes. Errors: 3001 when it
        cannot be called, 3002 without 2.2.1, 3003 without a credentials endpoint.
        """
        versions, plain = await self.versions(versions_url, token, plain_token=plain_token)
        details_url = _choose(versions, versions_url)
        step = f"GET version details {details_url}"
        _check_url(details_url, step)
        details = await self._get(step, details_url, token, plain)
        return Discovered(VERSION, versions_url, _endpoints(details, step), plain)

    async def versions(self, url: str, token: str, *, plain_token: bool | None) -> tuple[Any, bool]:
        """What a peer lists, and whether it takes the token as it is."""
        step = f"GET versions {url}"
        if plain_token is not None:
            return await self._get(step, url, token, plain_token), plain_token
        try:
            return await self._get(step, url, token, False), False
        except TokenRefused:
            # 2.2.1 peers built from 2.1.1 take the token as it is (AMB-01).
            return await self._get(step, url, token, True), True

    async def send_credentials(
        self, method: str, discovered: Discovered, token: str, ours: dict[str, Any]
    ) -> dict[str, Any]:
        """POST, PUT or DELETE our Credentials; the peer's in return, {} for DELETE."""
        url = discovered.endpoints[("credentials", Interface.SENDER)]
        step = f"{method} credentials {url}"
        body = b"" if method == "DELETE" else dumps(ours)
        envelope = await self._call(
            step, method, url, token, plain=discovered.plain_token, body=body
        )
        if method == "DELETE":
            return {}
        theirs = _one(envelope.get("data"))
        if not isinstance(theirs, dict):
            raise UnableToUseClientApi(f"{step}: data holds no Credentials object")
        try:
            check(Credentials, theirs)
        except OcpiError as error:
            raise UnableToUseClientApi(f"{step}: {error.message}") from error
        return theirs

    async def _get(self, step: str, url: str, token: str, plain: bool) -> Any:
        return (await self._call(step, "GET", url, token, plain=plain)).get("data")

    async def _call(
        self, step: str, method: str, url: str, token: str, *, plain: bool, body: bytes = b""
    ) -> dict[str, Any]:
        headers = [
            ("Authorization", authorization(token, plain=plain)),
            (REQUEST_ID, self.new_id()),
            (CORRELATION_ID, self.correlation_id),
        ]
        if body:
            headers.append(("Content-Type", "application/json"))
        request = Request(method, url, tuple(headers), body, max_answer=_CAP)
        try:
            response = await self.transport.send(request, timeout=self.timeout)
        except TransportError as error:
            raise UnableToUseClientApi(f"{step}: {error}") from error
        return _read(step, response.status, response.body)


class TokenRefused(UnableToUseClientApi):
    """The peer does not know the token."""


class AlreadyRegistered(UnableToUseClientApi):
    """The peer answers 405: for it we are registered already."""


def _read(step: str, status: int, body: bytes) -> dict[str, Any]:
    try:
        envelope = loads(body)
    except ClientError:
        envelope = None
    said = envelope.get("status_message") if isinstance(envelope, dict) else None
    because = f": {json.dumps(said)}" if said else ""
    if status in (401, 403):
        raise TokenRefused(f"{step}: HTTP {status}, the peer does not know the token{because}")
    if status == 405:
        raise AlreadyRegistered(f"{step}: HTTP 405{because}")
    if 300 <= status < 400:
        raise UnableToUseClientApi(f"{step}: HTTP {status}, and redirects are not followed")
    if not isinstance(envelope, dict):
        raise UnableToUseClientApi(f"{step}: HTTP {status} without an OCPI response")
    code = envelope.get("status_code")
    if not 200 <= status < 300 or not isinstance(code, int) or not 1000 <= code < 2000:
        _raise_peer_code(step, status, code, because)
    return envelope


def _raise_peer_code(step: str, status: int, code: object, because: str) -> None:
    message = f"{step}: HTTP {status}, OCPI {code}{because}"
    raise {3002: UnsupportedVersion, 3003: NoMatchingEndpoints}.get(
        code if isinstance(code, int) else 0, UnableToUseClientApi
    )(message)


def _choose(versions: Any, url: str) -> str:
    listed = versions if isinstance(versions, list) else []
    by_version = {
        entry["version"]: entry["url"]
        for entry in listed
        if isinstance(entry, dict)
        and isinstance(entry.get("version"), str)
        and isinstance(entry.get("url"), str)
    }
    if VERSION not in by_version:
        offered = ", ".join(sorted(by_version)) or "no version"
        raise UnsupportedVersion(f"GET versions {url}: offers {offered}, not {VERSION}")
    return str(by_version[VERSION])


def _endpoints(details: Any, step: str) -> Endpoints:
    """Endpoints by module and interface; unknown modules and roles are left alone (VER-11)."""
    details = _one(details)
    listed = details.get("endpoints") if isinstance(details, dict) else None
    if not isinstance(listed, list):
        raise NoMatchingEndpoints(f"{step}: endpoints missing")
    found: Endpoints = {}
    for entry in listed:
        if not isinstance(entry, dict):
            continue
        module, role, url = (entry.get(key) for key in ("identifier", "role", "url"))
        if not isinstance(module, str) or not isinstance(url, str):
            continue
        _check_url(url, f"{step}: endpoint of {module}")
        # The role of credentials means nothing (VER-05); it is kept as SENDER.
        side = Interface.SENDER if module == "credentials" else _side(role)
        if side is not None:
            found.setdefault((module, side), url)
    if ("credentials", Interface.SENDER) not in found:
        raise NoMatchingEndpoints(f"{step}: no endpoint of credentials")
    return found


def _one(data: Any) -> Any:
    """The object in a list of one: several libraries answer so where one object is meant."""
    return data[0] if isinstance(data, list) and len(data) == 1 else data


def _check_url(url: str, step: str) -> None:
    try:
        check_url(url, name="url")
    except OcpiError as error:
        raise UnableToUseClientApi(f"{step}: {error.message}") from error


def _side(role: object) -> Interface | None:
    return Interface(role) if isinstance(role, str) and role in set(Interface) else None
