"""Versions and their endpoints."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.types import OcpiObject, Some, Url, open_to_newer


class ModuleID(StrEnum):
    """The modules of OCPI. Source: 2.2.1 version information endpoint, ModuleID enum."""

    CDRS = "cdrs"
    CHARGINGPROFILES = "chargingprofiles"
    COMMANDS = "commands"
    CREDENTIALS = "credentials"
    HUBCLIENTINFO = "hubclientinfo"
    LOCATIONS = "locations"
    SESSIONS = "sessions"
    TARIFFS = "tariffs"
    TOKENS = "tokens"


AnyModuleID = Annotated[ModuleID | str, open_to_newer(ModuleID)]


class VersionNumber(StrEnum):
    """The versions of OCPI. Source: 2.2.1 version information endpoint, VersionNumber enum."""

    V2_0 = "2.0"
    V2_1 = "2.1"
    V2_1_1 = "2.1.1"
    V2_2 = "2.2"
    V2_2_1 = "2.2.1"


AnyVersionNumber = Annotated[VersionNumber | str, open_to_newer(VersionNumber)]


class Version(OcpiObject):
    """A version that a platform speaks.

    Source: 2.2.1 version information endpoint, Version class.
    """

    version: AnyVersionNumber
    url: Url


class Endpoint(OcpiObject):
    """Where one side of a module is served.

    Source: 2.2.1 version information endpoint, Endpoint class.
    """

    identifier: AnyModuleID
    role: Interface
    url: Url


class VersionDetails(OcpiObject):
    """The endpoints of one version.

    Source: 2.2.1 version information endpoint, Version details endpoint.
    """

    version: AnyVersionNumber
    endpoints: Some[Endpoint]
