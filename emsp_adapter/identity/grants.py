"""The grants of OAuth2 as authlib decides them: code with PKCE, refresh, client credentials."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import (
    ClientMixin,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    OAuth2Request,
)
from authlib.oauth2.rfc6749 import grants as rfc6749
from authlib.oauth2.rfc7636 import CodeChallenge

from emsp_adapter.identity.case import Case
from emsp_adapter.identity.clients import AUTH_METHODS, SECRET_METHODS
from emsp_adapter.identity.credentials import Code, Refresh
from emsp_adapter.identity.limits import CODE
from emsp_adapter.store import codes, grants
from emsp_adapter.store.codes import CodeRow
from emsp_adapter.store.drivers import Driver
from ocpi_hub.node.secrets import hash_token, new_token

SUPPORT = "support"


def _case(grant: Any) -> Case:
    case: Case = grant.server.case
    return case


def _active(driver: Driver | None) -> Driver:
    if driver is None or not driver.active:
        raise InvalidGrantError("The driver's account is not active.")
    return driver


class CodeGrant(rfc6749.AuthorizationCodeGrant):
    """Authorization codes: one exchange each, and one that comes again revokes what it gave."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = AUTH_METHODS

    @staticmethod
    def validate_authorization_redirect_uri(request: OAuth2Request, client: ClientMixin) -> str:
        """The registered redirect URI that was asked for; it is not shown where it is refused."""
        asked = request.payload.redirect_uri or client.get_default_redirect_uri()
        if not asked or not client.check_redirect_uri(asked):
            raise InvalidRequestError("The redirect_uri is not one that the client registered.")
        return str(asked)

    def generate_authorization_code(self) -> str:
        """256 random bits."""
        return new_token()

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        """Has the code kept, for the scope that this driver may give."""
        case = _case(self)
        driver: Driver = request.user
        row = CodeRow(
            client_id=request.client.get_client_id(),
            driver_id=driver.id,
            redirect_uri=request.payload.redirect_uri or request.client.get_default_redirect_uri(),
            scope=grantable(request.scope, driver),
            code_challenge=request.payload.data["code_challenge"],
            nonce=request.payload.data.get("nonce"),
            signed_in_at=case.signed_in_at or case.now,
            expires_at=case.now + CODE,
        )
        case.writes.append(partial(codes.add, code_hash=hash_token(code), code=row))

    def query_authorization_code(self, code: str, client: ClientMixin) -> Code | None:
        """The code, if it is this client's, in time and not used yet."""
        case, found = _case(self), _case(self).code
        if found is None or found.hash != hash_token(code):
            return None
        if found.row.grant_id is not None:
            # RFC 6749 4.1.2: "SHOULD revoke (when possible) all tokens previously issued".
            case.writes.append(partial(grants.revoke, grant_id=found.row.grant_id, now=case.now))
            return None
        fits = found.row.client_id == client.get_client_id() and found.row.expires_at > case.now
        return found if fits else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """It stays, marked as used with the token, so that its return is noticed."""

    def authenticate_user(self, authorization_code: Code) -> Driver:
        """Whose code it is."""
        return _active(_case(self).driver)


class RefreshGrant(rfc6749.RefreshTokenGrant):
    """Refresh tokens: each is used once, and one that comes again ends its family."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Refresh | None:
        """The token, while it is good."""
        case, found = _case(self), _case(self).refresh
        if found is None or found.hash != hash_token(refresh_token) or found.is_expired():
            return None
        if found.row.used:
            # RFC 9700 4.14.2: whoever comes second, one of the two has stolen it.
            case.writes.append(partial(grants.revoke, grant_id=found.row.grant_id, now=case.now))
        return None if found.is_revoked() else found

    def authenticate_user(self, refresh_token: Refresh) -> Driver:
        """Whose token it is."""
        return _active(_case(self).driver)

    def issue_token(self, user: Driver, refresh_token: Refresh) -> dict[str, Any]:
        """Tokens for what was agreed to, or part of it, as far as the driver may give it still."""
        scope = grantable(self.request.payload.scope or refresh_token.get_scope(), user)
        if not scope:
            raise InvalidScopeError()
        issued: dict[str, Any] = self.generate_token(
            user=user, scope=scope, include_refresh_token=self.INCLUDE_NEW_REFRESH_TOKEN
        )
        return issued

    def revoke_old_credential(self, refresh_token: Refresh) -> None:
        """It is marked as used where the next one is kept."""


class CredentialsGrant(rfc6749.ClientCredentialsGrant):
    """An app that speaks for itself."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = SECRET_METHODS


class Pkce(CodeChallenge):
    """S256 from every client (RFC 9700 2.1.1); `plain` would show the verifier to who sees the URL.

    Without a method a challenge counts as plain (RFC 7636 4.3).
    """

    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar = ["S256"]
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """InvalidRequestError without a challenge by S256."""
        given = grant.request.payload.data
        if "code_challenge" not in given:
            raise InvalidRequestError("Missing 'code_challenge': PKCE is required.")
        if given.get("code_challenge_method") != "S256":
            raise InvalidRequestError("Expected 'code_challenge_method' S256.")
        super().validate_code_challenge(grant, redirect_uri)

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        """Without the verifier the code is used up: who has one alone has taken it from somebody,
        and would guess on (RFC 9700 4.5)."""
        try:
            super().validate_code_verifier(grant, result)
        except OAuth2Error:
            spent: Code = grant.request.authorization_code
            _case(grant).writes.append(partial(codes.drop, code_hash=spent.hash))
            raise


class Unsupported:
    """What OpenID Connect lets a client ask for and is not done here is refused, not ignored."""

    def __call__(self, grant: Any) -> None:
        grant.register_hook("after_validate_authorization_request_payload", self.refuse)

    def refuse(self, grant: Any, _redirect_uri: str) -> None:
        """OAuth2Error for request objects and for other ways to answer."""
        given = grant.request.payload.data
        for name in ("request", "request_uri"):
            if name in given:
                raise OAuth2Error(f"'{name}' is not supported.", error=f"{name}_not_supported")
        if given.get("response_mode", "query") != "query":
            raise InvalidRequestError("Expected 'response_mode' query.")


def grantable(scope: str, driver: Driver) -> str:
    """What a driver may give of a scope: only staff have `support`."""
    return " ".join(each for each in scope.split() if each != SUPPORT or driver.staff)
