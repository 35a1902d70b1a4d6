"""The CPO adapter's settings: what can be set, what it is when it is not, and what it means."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from ocpi_hub.node.settings import CountryCode, DataDir, Days, NodeSettings, PartyId, Seconds, lower
from ocpi_hub.service import data_dir as data_folder


class CpoSettings(NodeSettings):
    """Everything about the CPO adapter that an operator decides."""

    prefix: ClassVar[str] = "CPO_"

    data_dir: DataDir = Field(
        default_factory=lambda: data_folder.default("cpo-adapter"),
        description="The folder for the adapter's own database and keys.",
    )
    port: int = Field(default=8010, ge=0, le=65535, description="The port to listen on.")
    country_code: CountryCode = Field(
        default="NL", description="The country code of the operator's party."
    )
    party_id: PartyId = Field(default="CPO", description="The party id of the operator's party.")
    name: str = Field(
        default="CPO adapter",
        max_length=100,
        description="The operator's business name, as partners and drivers see it.",
    )
    unknown_stations: Annotated[Literal["reject", "pending", "accept"], BeforeValidator(lower)] = (
        Field(
            default="reject",
            description=(
                "A station that is not known: `reject` it, keep it `pending` until approved, or "
                "`accept` it on first boot; nothing of it is published until it is mapped."
            ),
        )
    )
    ocpp_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="A port of its own for stations, beside /ocpp on the shared port.",
    )
    tls_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="A port for stations by TLS, with client certificates for profile 3.",
    )
    tls_certificate: str | None = Field(
        default=None, description="The file with the certificate of the TLS port and its chain."
    )
    tls_key: str | None = Field(
        default=None, description="The file with the private key of that certificate."
    )
    tls_client_ca: str | None = Field(
        default=None, description="The file with the authorities that sign stations' certificates."
    )
    trusted_proxies: str = Field(
        default="",
        description=(
            "Addresses, separated by commas, of proxies whose X-Forwarded-Proto and "
            "X-Client-Certificate-Subject are believed."
        ),
    )
    heartbeat_interval: int = Field(
        default=300, ge=1, description="Seconds between two heartbeats that stations are told."
    )
    offline_grace: Seconds = Field(
        default=600.0,
        description="Seconds of silence after which a station counts as offline: UNKNOWN.",
    )
    ping_interval: Seconds = Field(
        default=30.0, description="Seconds between two pings; two without an answer close it."
    )
    call_timeout: Seconds = Field(
        default=30.0, description="Seconds that a station has to answer a call."
    )
    command_timeout: Seconds = Field(
        default=30.0,
        description="Seconds in which the result of a partner's command is promised.",
    )
    authorize_timeout: Seconds = Field(
        default=5.0, description="Seconds that a real-time authorisation may take."
    )
    status_settle: Seconds = Field(
        default=1.5, description="Seconds that a status stands still before partners are told."
    )
    session_interval: Seconds = Field(
        default=30.0, description="Seconds between two updates of a Session for its energy alone."
    )
    billing_grace: Seconds = Field(
        default=20.0, description="Seconds after the end in which late frames still count."
    )
    start_window: Seconds = Field(
        default=900.0,
        description="Seconds after START_SESSION in which a start by that token is its start.",
    )
    stuck_after: Seconds = Field(
        default=86400.0,
        description="Seconds without a sign of life after which a transaction counts as stuck.",
    )
    meter_slack: Seconds = Field(
        default=3600.0,
        description=(
            "Seconds that two meter readings are taken to lie apart at least, when a jump is held "
            "against the rated power: stations stamp loosely."
        ),
    )
    currency: str = Field(
        default="EUR",
        pattern="^[A-Z]{3}$",
        description="The currency of sessions at connectors without a tariff.",
    )
    max_frame: int = Field(
        default=65536, ge=1024, description="The longest frame in bytes that a station may send."
    )
    frame_retention_days: Days = Field(
        default=14, description="Days that stations' frames are kept."
    )
    pull_interval: Seconds = Field(
        default=21600.0, description="Seconds between two pulls of tokens and parties."
    )
    forward_timeout: Seconds = Field(
        default=15.0, description="Seconds a partner has for its whole answer."
    )
