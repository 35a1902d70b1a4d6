"""authlib's authorization server over one case: it decides, and says what to write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request, TokenMixin
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc9207 import IssuerParameter

from emsp_adapter.identity.case import Case
from emsp_adapter.identity.clients import AUTH_METHODS, SCOPES, SECRET_METHODS, Client
from emsp_adapter.identity.credentials import Access, Refresh
from emsp_adapter.identity.grants import (
    CodeGrant,
    CredentialsGrant,
    Pkce,
    RefreshGrant,
    Unsupported,
)
from emsp_adapter.identity.id_tokens import IdToken
from emsp_adapter.identity.limits import ACCESS_TOKEN, REFRESH_TOKEN
from emsp_adapter.identity.parameters import Parameters
from emsp_adapter.store import access_tokens, codes, grants
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.secrets import hash_token, new_token

_HTTP = re.compile(r"^http:")


class Asked(OAuth2Request):
    """A request as authlib reads it: parameters were read, each once."""

    def __init__(
        self, method: str, url: str, given: Parameters, headers: Mapping[str, str] | None = None
    ) -> None:
        # authlib refuses http, which is all that a server behind a proxy or on a test bench sees;
        # how the service is reached is the operator's word, PUBLIC_URL.
        super().__init__(method, _HTTP.sub("https:", url), headers=headers)
        self.payload = BasicOAuth2Payload(given)

    @property
    def form(self) -> Parameters:
        """The parameters of the body."""
        given: Parameters = self.payload.data
        return given


@dataclass
class Answer:
    """What authlib answers: a document, or the way to somewhere else."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def location(self) -> str | None:
        """Where the browser is sent."""
        return self.headers.get("Location")

    @location.setter
    def location(self, url: str) -> None:
        self.headers["Location"] = url


class Issuer(IssuerParameter):
    """RFC 9207: every answer says from which server it is."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        """The issuer."""
        return self._issuer


class Revocation(RevocationEndpoint):
    """An access token ends alone, a refresh token with its family."""

    CLIENT_AUTH_METHODS: ClassVar = AUTH_METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> TokenMixin | None:
        """The token, whatever it was said to be."""
        case: Case = self.server.case
        return case.access or case.refresh

    def revoke_token(self, token: Access | Refresh, request: OAuth2Request) -> None:
        """Has it ended."""
        case: Case = self.server.case
        if isinstance(token, Access):
            write = partial(access_tokens.revoke, token_hash=token.hash, now=case.now)
        else:
            write = partial(grants.revoke, grant_id=token.row.grant_id, now=case.now)
        case.writes.append(write)


class Introspection(IntrospectionEndpoint):
    """What a token of a client is good for, said to that client."""

    CLIENT_AUTH_METHODS: ClassVar = SECRET_METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> TokenMixin | None:
        """The token, whatever it was said to be."""
        case: Case = self.server.case
        return case.access or case.refresh

    def check_permission(
        self, token: Access | Refresh, client: Client, request: OAuth2Request
    ) -> bool:
        """Nobody hears of tokens of others."""
        return token.check_client(client)

    def introspect_token(self, token: Access | Refresh) -> dict[str, Any]:
        """RFC 7662 2.2."""
        case: Case = self.server.case
        driver = case.driver
        row = token.row
        said: dict[str, Any] = {
            "active": row.driver_id is None or (driver is not None and driver.active),
            "client_id": row.client_id,
            "scope": row.scope,
            "sub": row.driver_id or row.client_id,
            "iss": case.issuer,
            "exp": int(row.expires_at.timestamp()),
        }
        return said if said["active"] else {"active": False}


class Server(AuthorizationServer):
    """One server for one case."""

    def __init__(self, case: Case) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.case = case
        self.register_token_generator(
            "default", BearerTokenGenerator(_token, _token, int(ACCESS_TOKEN.total_seconds()))
        )
        self.register_grant(CodeGrant, [Pkce(required=True), Unsupported(), IdToken(case)])
        self.register_grant(RefreshGrant)
        self.register_grant(CredentialsGrant)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)
        Issuer(case.issuer)(self)

    def query_client(self, client_id: str) -> Client | None:
        """The client, if the request named it and there is such a client."""
        return self.case.clients.get(client_id)

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Has what was made kept."""
        self.case.writes.append(partial(_keep, case=self.case, token=token, request=request))

    def send_signal(self, name: str, *args: object, **options: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Asked) -> Asked:
        """It is one."""
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Answer:
        """The answer."""
        return Answer(status, body, dict(headers))


def _token(**_circumstances: object) -> str:
    return new_token()


async def _keep(conn: Hot, *, case: Case, token: dict[str, Any], request: Asked) -> None:
    """The access token, and the refresh token in its family."""
    client_id = request.client.get_client_id()
    family = await _family(conn, case, request, client_id, token.get("scope", ""))
    grant_id, driver_id = (None, None) if family is None else family
    if grant_id is not None and "refresh_token" in token:
        await grants.add_refresh(
            conn,
            hash_token(token["refresh_token"]),
            grant_id=grant_id,
            expires_at=case.now + REFRESH_TOKEN,
        )
    await access_tokens.add(
        conn,
        hash_token(token["access_token"]),
        client_id=client_id,
        driver_id=driver_id,
        scope=token.get("scope", ""),
        expires_at=case.now + ACCESS_TOKEN,
        grant_id=grant_id,
    )


async def _family(
    conn: Hot, case: Case, request: Asked, client_id: str, scope: str
) -> tuple[str, str] | None:
    """The grant that a token belongs to and whose it is, both as the credential says: a new grant
    for a code; none for an app by itself."""
    match request.payload.grant_type:
        case "refresh_token" if case.refresh is not None:
            await grants.refresh_used(conn, case.refresh.hash, now=case.now)
            return case.refresh.row.grant_id, case.refresh.row.driver_id
        case "authorization_code" if case.code is not None:
            grant_id, driver_id = case.new_id(), case.code.row.driver_id
            await grants.add(conn, grant_id, client_id=client_id, driver_id=driver_id, scope=scope)
            await codes.used(conn, case.code.hash, grant_id=grant_id)
            return grant_id, driver_id
        case _:
            return None
