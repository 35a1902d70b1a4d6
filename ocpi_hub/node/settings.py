"""The settings every service of ours has: its database, its address, its party and its keys."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ocpi_hub.node.output import say
from ocpi_hub.protocol.party import Party
from ocpi_hub.service import data_dir as data_folder
from ocpi_hub.service.settings import Settings

_FERNET_KEY_BYTES = 32
_DATABASE_URL = re.compile(r"postgres(ql)?://.+|.*\b(host|dbname|service)\s*=.+")


def _database_url(value: str) -> str:
    if not _DATABASE_URL.fullmatch(value):
        raise ValueError("a PostgreSQL URL such as postgresql://user:password@host:5432/name")
    return value


def _public_url(value: str) -> str:
    try:
        url = urlsplit(value)
        absolute = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        absolute = False
    if not absolute:
        raise ValueError("an absolute http or https URL")
    if url.query or url.fragment or url.username is not None:
        raise ValueError("a URL of only a scheme, a host and perhaps a port and a path")
    return value.rstrip("/")


def _secret_key(value: str) -> str:
    for key in value.split(","):
        try:
            size = len(base64.b64decode(key.strip(), altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            size = 0
        if size != _FERNET_KEY_BYTES:
            raise ValueError("one or more Fernet keys, separated by commas")
    return value


def _country_code(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}", value):
        raise ValueError("two letters, such as NL")
    return value.upper()


def _party_id(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]{3}", value):
        raise ValueError("three letters or digits, such as HUB")
    return value.upper()


def _metrics_token(value: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise ValueError("printable characters without spaces")
    return value


def _default_public_url(given: dict[str, Any]) -> str:
    host = f"[{given['host']}]" if ":" in given["host"] else given["host"]
    return f"http://{host}:{given['port']}"


def lower(value: Any) -> Any:
    """Text in lower case, for words of a list."""
    return value.lower() if isinstance(value, str) else value


CountryCode = Annotated[str, AfterValidator(_country_code)]
PartyId = Annotated[str, AfterValidator(_party_id)]
DataDir = Annotated[Path, AfterValidator(data_folder.absolute)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=1)]


class NodeSettings(Settings):
    """What an operator decides about any of the services."""

    database_url: Annotated[str, AfterValidator(_database_url)] | None = Field(
        default=None,
        repr=False,
        description="The PostgreSQL database (15 or later); without it the service runs its own.",
    )
    data_dir: DataDir = Field(description="The folder for the service's own database and keys.")
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port to listen on.")
    public_url: Annotated[str, AfterValidator(_public_url)] = Field(
        default_factory=_default_public_url,
        description="Where partners reach the service; the base of every URL it gives out.",
    )
    country_code: CountryCode = Field(description="The country code of the service's own party.")
    party_id: PartyId = Field(description="The party id of the service's own party.")
    name: str = Field(max_length=100, description="Its business name, as partners see it.")
    allow_private_networks: bool = Field(
        default=False,
        description="Also call partners at private addresses, by http and on any port.",
    )
    secret_key: Annotated[str, AfterValidator(_secret_key)] | None = Field(
        default=None,
        repr=False,
        description=(
            "Fernet keys for stored tokens, separated by commas; the first encrypts. Required "
            "with a DATABASE_URL, else made and kept in DATA_DIR."
        ),
    )
    metrics_token: Annotated[str, AfterValidator(_metrics_token)] | None = Field(
        default=None,
        repr=False,
        description="The bearer token that may read `/metrics` from other machines.",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lower)] = (
        Field(default="info", description="How much is logged: debug, info, warning or error.")
    )
    pool_size: int = Field(
        default=8,
        ge=1,
        le=64,
        description="Database connections of one process for statements on a message's way.",
    )

    @property
    def party(self) -> Party:
        """The service's own party."""
        return Party(self.country_code, self.party_id)

    @model_validator(mode="after")
    def _a_given_database_has_a_given_key(self) -> Self:
        if self.database_url is not None and self.secret_key is None:
            raise ValueError(
                f"{self.variable('secret_key')} is missing: expected one or more Fernet keys, "
                f"since {self.variable('database_url')} is given"
            )
        return self


SettingsT = TypeVar("SettingsT", bound=NodeSettings)


def read_settings(kind: type[SettingsT], given: Mapping[str, object] | None = None) -> SettingsT:
    """The settings of the environment, what was `given` on the command line before it."""
    environ = dict(os.environ)
    environ |= {
        kind.variable(name): str(value)
        for name, value in (given or {}).items()
        if value is not None
    }
    for sentence in kind.unknown(environ):
        say(f"warning: {sentence}")
    return kind.from_env(environ)
