"""The hub's settings: what can be set, what it is when it is not, and what it means."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

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


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=1)]


class HubSettings(Settings):
    """Everything about the hub that an operator decides."""

    prefix: ClassVar[str] = "OCPI_HUB_"

    database_url: Annotated[str, AfterValidator(_database_url)] | None = Field(
        default=None,
        repr=False,
        description="The PostgreSQL database (15 or later); without it the hub runs its own.",
    )
    data_dir: Annotated[Path, AfterValidator(data_folder.absolute)] = Field(
        default_factory=lambda: data_folder.default("ocpi-hub"),
        description="The folder for the hub's own database and keys.",
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port to listen on.")
    public_url: Annotated[str, AfterValidator(_public_url)] = Field(
        default_factory=_default_public_url,
        description="Where partners reach the hub; the base of every URL it gives out.",
    )
    country_code: Annotated[str, AfterValidator(_country_code)] = Field(
        default="NL", description="The country code of the hub's own party."
    )
    party_id: Annotated[str, AfterValidator(_party_id)] = Field(
        default="HUB", description="The party id of the hub's own party."
    )
    name: str = Field(
        default="OCPI roaming hub",
        max_length=100,
        description="The hub's business name, as partners see it.",
    )
    allow_private_networks: bool = Field(
        default=False,
        description="Also call partners at private addresses, by http and on any port.",
    )
    agreements: Annotated[Literal["open", "required"], BeforeValidator(_lower)] = Field(
        default="open",
        description="`open`: everybody roams with everybody; `required`: only under agreements.",
    )
    cdr_custody: bool = Field(
        default=True,
        description="Keep a CDR that its receiver cannot take now, and deliver it later.",
    )
    forward_timeout: Seconds = Field(
        default=15.0, description="Seconds a partner has for its whole answer."
    )
    authorize_timeout: Seconds = Field(
        default=4.0, description="Seconds an eMSP has to answer a real-time authorisation."
    )
    alive_interval: Seconds = Field(
        default=300.0, description="Seconds between two checks that a partner is still there."
    )
    pull_interval: Seconds = Field(
        default=21600.0, description="Seconds between two pulls of a partner's objects."
    )
    rate_limit: int = Field(
        default=1000,
        ge=0,
        description="Requests per second that one platform may send; 0 is no limit.",
    )
    list_by_arrival: bool = Field(
        default=False,
        description="Let date filters of lists also match the moment of arrival at the hub.",
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
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = (
        Field(default="info", description="How much is logged: debug, info, warning or error.")
    )
    ledger_retention_days: Days = Field(
        default=400, description="Days that a session is kept after it was last heard of."
    )
    trace_retention_days: Days = Field(
        default=14, description="Days that the records of exchanges are kept."
    )
    pool_size: int = Field(
        default=8,
        ge=1,
        le=64,
        description="Database connections of one process for statements on a message's way.",
    )

    @model_validator(mode="after")
    def _a_given_database_has_a_given_key(self) -> Self:
        if self.database_url is not None and self.secret_key is None:
            raise ValueError(
                f"{self.variable('secret_key')} is missing: expected one or more Fernet keys, "
                f"since {self.variable('database_url')} is given"
            )
        return self
