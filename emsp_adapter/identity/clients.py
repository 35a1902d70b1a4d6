"""Clients as authlib asks them: what each may do, and where it may be answered."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import ClientMixin

from emsp_adapter.driver_api.door import Scope
from emsp_adapter.settings import EmspSettings
from emsp_adapter.store import clients
from emsp_adapter.store.clients import ClientRow
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.secrets import hash_token

WEB = "web"
# How a client says who it is; without a secret it only says so.
SECRET_METHODS = ["client_secret_basic", "client_secret_post"]
AUTH_METHODS = [*SECRET_METHODS, "none"]
# What OpenID Connect has beside our own.
OPENID = ("openid", "profile", "email")
SCOPES = (*OPENID, *(scope.value for scope in Scope))


@dataclass(frozen=True, slots=True)
class Client(ClientMixin):
    """A client; `trusted` is ours and asks nobody for consent."""

    id: str
    name: str
    secret_hash: bytes | None
    redirect_uris: tuple[str, ...]
    grant_types: frozenset[str]
    scope: tuple[str, ...]
    trusted: bool = False

    def get_client_id(self) -> str:
        """Its id."""
        return self.id

    def get_default_redirect_uri(self) -> str | None:
        """The one it has, if it has one; with more it must say which."""
        return self.redirect_uris[0] if len(self.redirect_uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """What it may have of what it asks for: all of it or nothing, everything if it is silent"""
        wanted = (scope or "").split() or self.scope
        return " ".join(wanted) if set(wanted) <= set(self.scope) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether it is registered, letter by letter (RFC 9700 2.1)."""
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether it is its secret."""
        given = hash_token(client_secret)
        return self.secret_hash is not None and hmac.compare_digest(self.secret_hash, given)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """A client with a secret shows it; one without says only who it is, and hears nothing
        about tokens of others."""
        if self.secret_hash is None:
            return method == "none" and endpoint != "introspection"
        return method in SECRET_METHODS

    def check_response_type(self, response_type: str) -> bool:
        """Whether it may send drivers here."""
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it may get tokens this way."""
        return grant_type in self.grant_types


def web_client(settings: EmspSettings) -> Client:
    """The web app at `/`: public, our own, and there from the start."""
    return Client(
        WEB,
        settings.name,
        secret_hash=None,
        redirect_uris=(f"{settings.public_url}/",),
        grant_types=frozenset({"authorization_code", "refresh_token"}),
        scope=SCOPES,
        trusted=True,
    )


async def find(conn: Hot, settings: EmspSettings, client_id: str) -> Client | None:
    """The client of that id."""
    if client_id == WEB:
        return web_client(settings)
    row = await clients.find(conn, client_id)
    return None if row is None else _as_client(row)


def _as_client(row: ClientRow) -> Client:
    return Client(
        row.id,
        row.name,
        row.secret_hash,
        tuple(row.redirect_uris),
        frozenset(row.grant_types.split()),
        tuple(row.scope.split()),
    )
