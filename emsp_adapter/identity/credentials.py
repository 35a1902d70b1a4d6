"""Codes and tokens as authlib asks them; what they stand for was loaded before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin

from emsp_adapter.store.access_tokens import AccessToken
from emsp_adapter.store.codes import CodeRow
from emsp_adapter.store.grants import RefreshToken


@dataclass(frozen=True, slots=True)
class Code(AuthorizationCodeMixin):
    """An authorization code as it was found; `hash` is what it is kept by."""

    hash: bytes
    row: CodeRow

    @property
    def code_challenge(self) -> str:
        """What the verifier has to fit."""
        return self.row.code_challenge

    @property
    def code_challenge_method(self) -> str:
        """The only one there is."""
        return "S256"

    def get_redirect_uri(self) -> str:
        """Where it was sent to."""
        return self.row.redirect_uri

    def get_scope(self) -> str:
        """What was agreed to."""
        return self.row.scope

    def get_nonce(self) -> str | None:
        """For the ID token."""
        return self.row.nonce

    def get_auth_time(self) -> int:
        """When the driver gave its password."""
        return int(self.row.signed_in_at.timestamp())

    def get_acr(self) -> str | None:
        """Not said."""
        return None

    def get_amr(self) -> list[str] | None:
        """Not said."""
        return None


@dataclass(frozen=True, slots=True)
class Refresh(TokenMixin):
    """A refresh token as it was found."""

    hash: bytes
    row: RefreshToken
    now: datetime

    def check_client(self, client: ClientMixin) -> bool:
        """Whether it is that client's."""
        return bool(client.get_client_id() == self.row.client_id)

    def get_scope(self) -> str:
        """What was agreed to."""
        return self.row.scope

    def is_expired(self) -> bool:
        """Whether it was left unused for too long."""
        return self.row.expires_at <= self.now

    def is_revoked(self) -> bool:
        """Whether it was used, or its family ended."""
        return self.row.used or self.row.ended


@dataclass(frozen=True, slots=True)
class Access(TokenMixin):
    """An access token that is good."""

    hash: bytes
    row: AccessToken

    def check_client(self, client: ClientMixin) -> bool:
        """Whether it is that client's."""
        return bool(client.get_client_id() == self.row.client_id)

    def get_scope(self) -> str:
        """What it is good for."""
        return self.row.scope

    def is_expired(self) -> bool:
        """One that is over is not found."""
        return False

    def is_revoked(self) -> bool:
        """One that was revoked is not found."""
        return False
