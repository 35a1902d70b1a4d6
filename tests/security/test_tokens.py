"""Tokens of every wrong kind at every kind of endpoint: always 401.

T1, T2, AUTH-01 to AUTH-13, SEC-05.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from ocpi_hub.store import platforms
from tests import samples
from tests.parties import RecordingParty, encoded
from tests.security.scene import Scene

ENDPOINTS = {
    "versions": ("GET", "/versions"),
    "version details": ("GET", "/2.2.1"),
    "credentials": ("GET", "/2.2.1/credentials"),
    "registration": ("POST", "/2.2.1/credentials"),
    "hubclientinfo": ("GET", "/2.2.1/hubclientinfo"),
    "a list": ("GET", "/sender/2.2.1/locations"),
    "a push": ("PUT", "/receiver/2.2.1/locations/NL/CPO/LOC1"),
    "a CDR": ("POST", "/receiver/2.2.1/cdrs"),
    "a command": ("POST", "/receiver/2.2.1/commands/START_SESSION"),
    "a result": ("POST", "/sender/2.2.1/commands/START_SESSION/1"),
    "authorize": ("POST", "/sender/2.2.1/tokens/1/authorize"),
    "a custom module": ("GET", "/sender/2.2.1/nltst-extra"),
    "an unknown path": ("GET", "/nothing/here"),
    "a wrong method": ("DELETE", "/versions"),
}

Header = list[tuple[bytes, bytes]]


def _one(value: str | bytes) -> Header:
    given = value.encode() if isinstance(value, str) else value
    return [(b"Authorization", given)]


# Made from a token that would be good in the right form.
MALFORMED: dict[str, Callable[[str], Header]] = {
    "no header": lambda token: [],
    "an empty header": lambda token: _one(""),
    "the scheme alone": lambda token: _one("Token"),
    "Bearer": lambda token: _one(f"Bearer {encoded(token)}"),
    "Basic": lambda token: _one(f"Basic {encoded(token)}"),
    "Basic with a password": lambda token: _one(f"Basic {encoded(':' + token)}"),
    "no scheme": lambda token: _one(encoded(token)),
    "no space": lambda token: _one(f"Token{encoded(token)}"),
    "an equals sign": lambda token: _one(f"Token={encoded(token)}"),
    "a named token": lambda token: _one(f"Token token={encoded(token)}"),
    "another word before": lambda token: _one(f"OCPI Token {encoded(token)}"),
    "two headers": lambda token: _one(f"Token {encoded(token)}") * 2,
    "a bad header, then a good one": lambda token: [
        *_one("Token eA=="),
        *_one(f"Token {encoded(token)}"),
    ],
    "two values": lambda token: _one(f"Token {encoded(token)}, Token {encoded(token)}"),
    "another header": lambda token: [(b"X-Authorization", f"Token {encoded(token)}".encode())],
    "a proxy's header": lambda token: [
        (b"Proxy-Authorization", f"Token {encoded(token)}".encode())
    ],
    "a cookie": lambda token: [(b"Cookie", f"Authorization=Token {encoded(token)}".encode())],
    "not Base64, where Base64 is used": lambda token: _one(f"Token {token}"),
    "without its padding": lambda token: _one(f"Token {encoded(token).rstrip('=')}"),
    "in quotes": lambda token: _one(f'Token "{encoded(token)}"'),
    "with a space inside": lambda token: _one(f"Token {encoded(token)[:8]} {encoded(token)[8:]}"),
    "with a tab for the space": lambda token: _one(f"Token\t{encoded(token)}"),
    "with a comment": lambda token: _one(f"Token {encoded(token)} (mine)"),
    "encoded twice": lambda token: _one(f"Token {encoded(encoded(token))}"),
    "in Base32": lambda token: _one(b"Token " + base64.b32encode(token.encode())),
    "in hexadecimal": lambda token: _one(f"Token {token.encode().hex()}"),
    "in UTF-16": lambda token: _one(b"Token " + base64.b64encode(token.encode("utf-16"))),
    "not UTF-8 inside": lambda token: _one(b"Token " + base64.b64encode(b"\xff\xfe")),
    "not ASCII": lambda token: _one(b"Token \xe9\xe8"),
    "only a line feed inside": lambda token: _one(f"Token {encoded(chr(10))}"),
    "one character short": lambda token: _one(f"Token {encoded(token[:-1])}"),
    "one character more": lambda token: _one(f"Token {encoded(token + 'x')}"),
    "a NUL behind": lambda token: _one(f"Token {encoded(token + chr(0))}"),
    "a space before": lambda token: _one(f"Token {encoded(' ' + token)}"),
    "in another case": lambda token: _one(f"Token {encoded(token.swapcase())}"),
    "a wildcard": lambda token: _one(f"Token {encoded('%')}"),
    "SQL": lambda token: _one(f"Token {encoded(chr(39) + ' OR 1=1 --')}"),
    "its hash": lambda token: _one(f"Token {encoded(hashlib.sha256(token.encode()).hexdigest())}"),
    "8 kB": lambda token: _one(f"Token {encoded('x' * 6000)}"),
}

DEAD = (
    "the invitation it came with",
    "a replaced invitation",
    "an expired invitation",
    "what a PUT replaced",
    "the token of a suspended platform",
    "the token of a platform that left",
    "the hub's own token for a partner",
    "what its owner offered in its Credentials",
)


@pytest.fixture(scope="module")
async def dead(hub: Scene) -> dict[str, str]:
    """Tokens that are or were somebody's, and let nobody in."""
    network = hub.network
    used = await network.invite("newcomer")
    newcomer = await network.stranger("FR/NEW/EMSP")
    offered = newcomer.token
    await newcomer.register(network.versions_url, used)
    replaced = await network.invite("twice")
    await network.invite("twice")
    expired = await network.invite("too-late")
    await hub.rows.execute(
        "UPDATE hub.credentials_tokens SET expires_at = now() - interval '1 second'"
        " WHERE hash = sha256(%s)",
        (expired.encode(),),
    )
    rotated = newcomer.hub_token
    await _rotate(newcomer)
    suspended, left = await network.join("FR/SUS/EMSP"), await network.join("FR/BYE/EMSP")
    await _credentials(left, "DELETE")
    async with network.db.begin() as conn:
        # The name that `join` gives, and a change of the registry that all of the above needs.
        platform_id = await platforms.named(conn, f"platform-{len(network.parties) - 1}")
        assert platform_id is not None
        await platforms.suspend(conn, platform_id, now=datetime.now(UTC))
    await network.hub.registry.refresh()
    tokens = (
        used,
        replaced,
        expired,
        rotated,
        suspended.hub_token,
        left.hub_token,
        hub.cpo.token,
        offered,
    )
    return dict(zip(DEAD, tokens, strict=True))


async def _credentials(party: RecordingParty, method: str, body: object = None) -> httpx.Response:
    return await party.request(method, party.hub_endpoints[("credentials", "SENDER")], body)


async def _rotate(party: RecordingParty) -> None:
    """Exchange tokens by PUT, and use the new one once (AUTH-18)."""
    answer = await _credentials(party, "PUT", party.credentials(party.token))
    party.hub_token = answer.json()["data"]["token"]
    await _credentials(party, "GET")


async def _asked(hub: Scene, endpoint: str, headers: Header) -> tuple[int, str, bytes]:
    """Status, what the envelope says, and the body without its timestamp; nothing is changed."""
    method, path = ENDPOINTS[endpoint]
    before = await hub.stored()
    response = await hub.client.request(
        method, f"/ocpi{path}", headers=headers, content=b"no JSON" if method == "POST" else None
    )
    assert await hub.stored() == before
    assert response.headers["x-request-id"]
    assert response.headers["x-correlation-id"]
    envelope = response.json()
    assert envelope["status_code"] == 2000
    return (
        response.status_code,
        response.headers["www-authenticate"],
        response.content.replace(envelope["timestamp"].encode(), b""),
    )


async def _unknown(hub: Scene, endpoint: str) -> tuple[int, str, bytes]:
    """The answer to a well-formed token that nobody has."""
    return await _asked(hub, endpoint, _one(f"Token {encoded('x' * 43)}"))


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("make", MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_token_is_401_before_anything_else_is_looked_at(
    hub: Scene, make: Callable[[str], Header], endpoint: str
) -> None:
    """T1, AUTH-03, AUTH-12: before 404, 405 and 400."""
    status, authenticate, _ = await _asked(hub, endpoint, make(hub.cpo.hub_token))

    assert (status, authenticate) == (401, "Token")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("kind", DEAD)
async def test_a_token_that_is_no_longer_good_is_answered_like_an_unknown_one(
    hub: Scene, dead: dict[str, str], kind: str, endpoint: str
) -> None:
    """T2, SEC-05, CRE-12: whether it ever was good is not told."""
    answer = await _asked(hub, endpoint, _one(f"Token {encoded(dead[kind])}"))

    assert answer[:2] == (401, "Token")
    assert answer == await _unknown(hub, endpoint)


_BEYOND_REGISTRATION = [name for name in ENDPOINTS if "/2.2.1/" in ENDPOINTS[name][1]]
_BEYOND_REGISTRATION = [
    name for name in _BEYOND_REGISTRATION if name not in ("credentials", "registration")
]


@pytest.mark.parametrize("endpoint", _BEYOND_REGISTRATION)
async def test_an_invitation_is_good_for_registration_only(hub: Scene, endpoint: str) -> None:
    """AUTH-04."""
    token = await hub.network.invite("looking-round")

    answer = await _asked(hub, endpoint, _one(f"Token {encoded(token)}"))

    assert answer[0] == 401


async def test_an_invitation_shows_the_versions_and_the_credentials(hub: Scene) -> None:
    """AUTH-04, CRE-15: and PUT and DELETE are 405 for who is not registered yet."""
    token = await hub.network.invite("reading")
    headers = _one(f"Token {encoded(token)}")

    statuses = [
        (await hub.client.request(method, f"/ocpi{path}", headers=headers, json=body)).status_code
        for method, path, body in (
            ("GET", "/versions", None),
            ("GET", "/2.2.1", None),
            ("GET", "/2.2.1/credentials", None),
            ("PUT", "/2.2.1/credentials", samples.credentials()),
            ("DELETE", "/2.2.1/credentials", None),
        )
    ]

    assert statuses == [200, 200, 200, 405, 405]


_TOLERATED: dict[str, Callable[[str], Header]] = {
    "as the text wants it": lambda token: _one(f"Token {encoded(token)}"),
    "the scheme in lower case": lambda token: _one(f"token {encoded(token)}"),
    "two spaces": lambda token: _one(f"Token  {encoded(token)}"),
    "a line feed inside, as in the text's examples": lambda token: _one(
        f"Token {encoded(token + chr(10))}"
    ),
}


@pytest.mark.parametrize("make", _TOLERATED.values(), ids=_TOLERATED)
async def test_forms_that_partners_send_are_let_in(
    hub: Scene, make: Callable[[str], Header]
) -> None:
    """The control, with AUTH-10 and AUTH-11."""
    response = await hub.client.get("/ocpi/versions", headers=make(hub.cpo.hub_token))

    assert response.status_code == 200
