"""The eMSP adapter's settings: what can be set, what it is when it is not, and what it means."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ocpi_hub.node.settings import CountryCode, DataDir, NodeSettings, PartyId, Seconds
from ocpi_hub.service import data_dir as data_folder


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
