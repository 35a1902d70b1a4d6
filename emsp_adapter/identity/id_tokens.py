"""ID tokens and what they and userinfo say of a driver."""

from __future__ import annotations

from typing import Any, cast

from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Request
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import ECKey

from emsp_adapter.identity.case import Case
from emsp_adapter.identity.keys import ALGORITHM
from emsp_adapter.identity.limits import ID_TOKEN
from emsp_adapter.store.drivers import Driver


def claims_of(driver: Driver, scope: str) -> dict[str, Any]:
    """What a scope tells of a driver (OpenID Connect Core 5.4)."""
    known = UserInfo(
        sub=driver.id,
        name=driver.name,
        locale=driver.locale,
        email=driver.email,
        email_verified=driver.email_confirmed_at is not None,
    )
    told = known.filter(f"openid {scope}")
    return {name: value for name, value in told.items() if value is not None}


class IdToken(OpenIDCode):
    """The ID token that goes with an access token, with at_hash, nonce and auth_time."""

    def __init__(self, case: Case) -> None:
        super().__init__(require_nonce=False)
        self._case = case

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        """A request may be read more than once before it is answered; the client checks it."""
        return False

    def get_client_algorithm(self, client: ClientMixin) -> str:
        """The same for all."""
        return ALGORITHM

    def get_encode_header(self, client: ClientMixin) -> dict[str, str]:
        """The key by its kid."""
        key = self.resolve_client_private_key(client)
        return {"alg": ALGORITHM, "kid": str(key.kid)}

    def get_client_claims(self, client: ClientMixin) -> dict[str, Any]:
        """From us, for that client, for a while."""
        now = self._case.now
        return {
            "iss": self._case.issuer,
            "aud": client.get_client_id(),
            "iat": int(now.timestamp()),
            "exp": int((now + ID_TOKEN).timestamp()),
        }

    def resolve_client_private_key(self, client: ClientMixin) -> ECKey:
        """The key that signs now."""
        return cast("ECKey", self._case.key)

    def generate_user_info(self, user: Driver, scope: str) -> dict[str, Any]:
        """What the scope tells of the driver."""
        return claims_of(user, scope)
