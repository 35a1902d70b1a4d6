"""A driver's browser and an app that asks for a driver's leave, on real sockets."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
from anyio.from_thread import BlockingPortal
from argon2 import PasswordHasher
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from emsp_adapter.drivers import accounts
from emsp_adapter.store import browser_sessions, clients, drivers
from emsp_adapter.store.clients import ClientRow
from ocpi_hub.node.secrets import hash_token, new_token
from tests.emsp_adapter.running import Adapter

PASSWORD = "a lamp by the sea"
PASSWORD_HASH = PasswordHasher().hash(PASSWORD)
CALLBACK = "https://app.example/callback"
SECRET = "the secret of an app that has one"

_INPUT = re.compile(r"<input ([^>]*)>")
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_LINK = re.compile(r"https?://\S+/account/\S+")
# Loopback is not one address but sixteen million.
_ADDRESSES = (f"127.0.{number // 254 + 1}.{number % 254 + 1}" for number in count())


@dataclass
class Browser:
    """Keeps cookies, shows pages, sends their forms; goes nowhere by itself."""

    http: httpx.AsyncClient

    async def open(self, url: str) -> httpx.Response:
        """The answer to a URL."""
        return await self.http.get(url)

    async def send(self, page: httpx.Response, **given: str) -> httpx.Response:
        """The form of a page, as it was shown but for what is given."""
        fields = hidden(page) | given
        return await self.http.post(action(page), data=fields)

    async def sign_in(
        self, url: str = "/account/sign-in", *, email: str, password: str = PASSWORD
    ) -> httpx.Response:
        """What comes of the right words on the page of that URL."""
        return await self.send(await self.open(url), email=email, password=password)

    async def follow(self, answer: httpx.Response) -> httpx.Response:
        """Where an answer leads, and on, while that is one of our own pages."""
        while answer.is_redirect and answer.headers["location"].startswith("/"):
            answer = await self.open(answer.headers["location"])
        return answer


def hidden(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page's form."""
    fields = [dict(_ATTRIBUTE.findall(each)) for each in _INPUT.findall(page.text)]
    return {
        each["name"]: html.unescape(each["value"])
        for each in fields
        if each.get("type") == "hidden"
    }


def action(page: httpx.Response) -> str:
    """Where a page's form goes."""
    found = re.search(r'<form method="post" action="([^"]*)"', page.text)
    assert found is not None, page.text
    return html.unescape(found[1])


def told(answer: httpx.Response) -> dict[str, str]:
    """What an app hears by the URL that the browser is sent to."""
    assert answer.status_code == 303, answer.text
    query = urlsplit(answer.headers["location"]).query
    return {name: values[0] for name, values in parse_qs(query).items()}


@dataclass(frozen=True)
class Account:
    """A driver with an account and the usual password."""

    id: str
    email: str


@dataclass(frozen=True)
class Shared:
    """An adapter that the tests of a file share, in an event loop of its own."""

    adapter: Adapter
    portal: BlockingPortal
    _numbers: count[int] = field(default_factory=count)

    @property
    def url(self) -> str:
        """Where it is."""
        return self.adapter.url

    def account(self, *, staff: bool = False) -> Account:
        """A driver that no other test knows."""
        email = f"driver{next(self._numbers)}@drivers.example"
        return self.portal.call(partial(signed_up, self.adapter, email, staff=staff))

    def registered(self, **client: Any) -> str:
        """The id of an app of somebody else."""
        client_id = f"app-{next(self._numbers)}"
        self.portal.call(partial(registered, self.adapter, client_id, **client))
        return client_id

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a question to its database."""
        return self.portal.call(self.adapter.rows, statement, *values)

    def mailed(self, to: str, *, subject: str = "") -> str:
        """The link in the newest mail to an address."""
        return self.portal.call(partial(mailed, self.adapter, to, subject=subject))

    def session(self, account: Account) -> str:
        """The cookie of a browser in which a driver has signed in just now."""
        return self.portal.call(_session, self.adapter, account)


async def _session(adapter: Adapter, account: Account) -> str:
    token, now = new_token(), adapter.office.now()
    async with adapter.db.hot_transaction() as conn:
        await browser_sessions.add(
            conn,
            hash_token(token),
            driver_id=account.id,
            now=now,
            expires_at=now + timedelta(hours=1),
        )
    return token


@asynccontextmanager
async def browser(
    at: Shared, account: Account | None = None, *, language: str = "en"
) -> AsyncIterator[Browser]:
    """A browser that has not been here before, or in which a driver is signed in.

    Each comes from an address of its own: how often one may try is counted by address.
    """
    cookies = None if account is None else {"emsp_session": at.session(account)}
    headers = {"Accept-Language": language}
    home = httpx.AsyncHTTPTransport(local_address=next(_ADDRESSES))
    async with httpx.AsyncClient(
        base_url=at.url, headers=headers, cookies=cookies, transport=home
    ) as http:
        yield Browser(http)


@dataclass
class App:
    """An app: what it keeps between sending a driver away and hearing of it again."""

    client: AsyncOAuth2Client
    token_url: str
    verifier: str = field(default_factory=lambda: generate_token(48))

    def url(self, at: str, *, state: str = "a state", **more: Any) -> str:
        """Where it sends the driver."""
        made, _ = self.client.create_authorization_url(
            f"{at}/oauth/authorize", state=state, code_verifier=self.verifier, **more
        )
        return str(made)

    async def token(self, **given: Any) -> dict[str, Any]:
        """What it gets for a code."""
        found: dict[str, Any] = await self.client.fetch_token(
            self.token_url, code_verifier=self.verifier, **given
        )
        return found


@asynccontextmanager
async def app(
    at: Shared,
    *,
    client_id: str = "web",
    secret: str | None = None,
    redirect_uri: str | None = None,
    scope: str = "openid profile email locations charging",
) -> AsyncIterator[App]:
    """An app by authlib's own client; the web app unless another is named."""
    async with AsyncOAuth2Client(
        client_id,
        secret,
        scope=scope,
        redirect_uri=redirect_uri or f"{at.url}/",
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
    ) as client:
        yield App(client, f"{at.url}/oauth/token")


async def signed_up(adapter: Adapter, email: str, *, staff: bool = False) -> Account:
    """A driver with an account and the usual password."""
    driver = accounts.new_driver(str(uuid4()), email, now=adapter.office.now(), staff=staff)
    async with adapter.db.hot_transaction() as conn:
        await drivers.add(conn, replace(driver, password_hash=PASSWORD_HASH))
    return Account(driver.id, email)


async def registered(
    adapter: Adapter,
    client_id: str,
    *,
    name: str = "An app of others",
    secret: str | None = SECRET,
    redirect_uris: tuple[str, ...] = (CALLBACK,),
    grant_types: str = "authorization_code refresh_token",
    scope: str = "openid locations charging",
) -> None:
    """An app of somebody else."""
    async with adapter.db.hot_transaction() as conn:
        await clients.add(
            conn,
            ClientRow(
                id=client_id,
                name=name,
                secret_hash=None if secret is None else hash_token(secret),
                redirect_uris=list(redirect_uris),
                grant_types=grant_types,
                scope=scope,
                created_at=adapter.office.now(),
            ),
        )


async def mailed(adapter: Adapter, to: str, *, subject: str = "") -> str:
    """The link in the newest mail to an address."""
    mail = await adapter.mail_to(to, subject=subject)
    found = _LINK.search(mail.get_content())
    assert found is not None
    return found[0]


def challenge(verifier: str) -> str:
    """By S256."""
    return str(create_s256_code_challenge(verifier))
