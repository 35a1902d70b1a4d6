"""The eMSP adapter's settings: what can be set, what it is when it is not, and what it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from emsp_adapter.money.amounts import amounts_of
from ocpi_hub.node.settings import (
    CountryCode,
    DataDir,
    NodeSettings,
    PartyId,
    Seconds,
    lower,
)
from ocpi_hub.service import data_dir as data_folder


def _tiles_url(value: str) -> str:
    url = urlsplit(value)
    whole = url.scheme == "https" and re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]+)?", url.netloc)
    if not whole or not all(part in value for part in ("{z}", "{x}", "{y}")):
        raise ValueError("an https URL with {z}, {x} and {y} in it")
    return value


def _smtp_url(value: str) -> str:
    url = urlsplit(value)
    try:
        whole = url.scheme in {"smtp", "smtps"} and bool(url.hostname) and url.port != 0
    except ValueError:
        whole = False
    if not whole or url.path.strip("/") or (url.username is None) != (url.password is None):
        raise ValueError("a URL such as smtp://user:password@host:587 or smtps://host")
    return value


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+", value):
        raise ValueError("an e-mail address")
    return value


def _api_url(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in {"http", "https"} or not url.hostname or url.query or url.fragment:
        raise ValueError("a URL such as https://api.stripe.com")
    return value.rstrip("/")


def _amounts(value: Any) -> Any:
    return amounts_of(value) if isinstance(value, str) else value


HoldAmounts = Annotated[Mapping[str, Decimal], BeforeValidator(_amounts)]
SmtpUrl = Annotated[str, AfterValidator(_smtp_url)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
TilesUrl = Annotated[str, AfterValidator(_tiles_url)]


class EmspSettings(NodeSettings):
    """Everything about the eMSP adapter that an operator decides."""

    prefix: ClassVar[str] = "EMSP_"

    data_dir: DataDir = Field(
        default_factory=lambda: data_folder.default("emsp-adapter"),
        description="The folder for the adapter's own database and keys.",
    )
    port: int = Field(default=8020, ge=0, le=65535, description="The port to listen on.")
    country_code: CountryCode = Field(
        default="NL", description="The country code of the provider's party."
    )
    party_id: PartyId = Field(default="EMS", description="The party id of the provider's party.")
    name: str = Field(
        default="eMSP adapter",
        max_length=100,
        description="The provider's business name, as partners and drivers see it.",
    )
    pull_interval: Seconds = Field(
        default=21600.0, description="Seconds between two pulls of what partners offer."
    )
    forward_timeout: Seconds = Field(
        default=15.0, description="Seconds a partner has for its whole answer."
    )
    map_tiles_url: TilesUrl | None = Field(
        default=None,
        description="Street tiles for the map, such as https://tiles.example/{z}/{x}/{y}.png; "
        "without it the map draws outlines and asks nobody.",
    )
    map_tiles_credit: str = Field(
        default="", max_length=200, description="Whom the map names for its street tiles."
    )
    smtp_url: SmtpUrl | None = Field(
        default=None,
        repr=False,
        description="The mail server, such as smtp://user:password@host:587 or smtps://host; "
        "without it mails are kept as files in DATA_DIR/mail.",
    )
    mail_from: MailAddress | None = Field(
        default=None,
        description="The address that mails to drivers come from; no-reply at the host of "
        "PUBLIC_URL unless given.",
    )
    session_patience: Seconds = Field(
        default=300.0,
        description="Seconds that the session has to begin or end after a station took a start "
        "or a stop.",
    )
    planned_start_grace: Seconds = Field(
        default=600.0,
        description="Seconds after its time up to which a planned start is still made.",
    )
    starts_per_hour: Annotated[int, Field(ge=0)] = Field(
        default=60,
        description="So often may a card be used at a CPO within an hour before it is refused "
        "there as one that may have been copied, and an app start a charge; 0 is no limit.",
    )
    vat_rate: Annotated[Decimal, Field(ge=0, le=100)] | None = Field(
        default=None,
        description="The VAT in percent on what the provider adds to a price, and where a tariff "
        "says none; without it none is added.",
    )
    company: str | None = Field(
        default=None,
        max_length=200,
        description="The provider's legal name on receipts; without it EMSP_NAME.",
    )
    company_address: str = Field(
        default="",
        max_length=500,
        description="The provider's address on receipts, its lines separated by semicolons.",
    )
    vat_id: str | None = Field(
        default=None, max_length=40, description="The provider's VAT number on receipts."
    )
    payment: Annotated[Literal["demo", "stripe", "none"], BeforeValidator(lower)] = Field(
        default="demo",
        description="Who takes the money: `stripe`, `demo`, which moves none and says so, or "
        "`none` where bills are collected elsewhere.",
    )
    hold_amounts: HoldAmounts = Field(
        default="CHF=50,CZK=1200,DKK=400,EUR=50,GBP=45,HUF=20000,NOK=600,PLN=200,SEK=600,USD=50",
        validate_default=True,
        description="What is reserved on a card at the start of a charge, for each currency that "
        "charges may be started in; nothing is converted.",
    )
    stripe_key: str | None = Field(
        default=None, repr=False, description="The secret key of the Stripe account."
    )
    stripe_url: Annotated[str, AfterValidator(_api_url)] = Field(
        default="https://api.stripe.com", description="Where Stripe's API is."
    )
    stripe_webhook_secret: str | None = Field(
        default=None,
        repr=False,
        description="What Stripe signs its events with; without it they are refused.",
    )

    @model_validator(mode="after")
    def _stripe_has_a_key(self) -> Self:
        if self.payment == "stripe" and self.stripe_key is None:
            raise ValueError(
                f"{self.variable('stripe_key')} is missing: expected the secret key of the account,"
                f" since {self.variable('payment')} is stripe"
            )
        return self
