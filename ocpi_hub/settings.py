"""The hub's settings: what can be set, what it is when it is not, and what it means."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from ocpi_hub.node.settings import CountryCode, DataDir, Days, NodeSettings, PartyId, Seconds, lower
from ocpi_hub.service import data_dir as data_folder


class HubSettings(NodeSettings):
    """Everything about the hub that an operator decides."""

    prefix: ClassVar[str] = "OCPI_HUB_"

    data_dir: DataDir = Field(
        default_factory=lambda: data_folder.default("ocpi-hub"),
        description="The folder for the hub's own database and keys.",
    )
    country_code: CountryCode = Field(
        default="NL", description="The country code of the hub's own party."
    )
    party_id: PartyId = Field(default="HUB", description="The party id of the hub's own party.")
    name: str = Field(
        default="OCPI roaming hub",
        max_length=100,
        description="The hub's business name, as partners see it.",
    )
    agreements: Annotated[Literal["open", "required"], BeforeValidator(lower)] = Field(
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
    unknown_token_limit: int = Field(
        default=60,
        ge=0,
        description=(
            "Authorisations of unknown tokens per minute that one platform may ask for without "
            "naming an eMSP; 0 is no limit."
        ),
    )
    list_by_arrival: bool = Field(
        default=False,
        description="Let date filters of lists also match the moment of arrival at the hub.",
    )
    ledger_retention_days: Days = Field(
        default=400, description="Days that a session is kept after it was last heard of."
    )
    trace_retention_days: Days = Field(
        default=14, description="Days that the records of exchanges are kept."
    )
