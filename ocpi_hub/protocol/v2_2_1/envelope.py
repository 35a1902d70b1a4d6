"""The envelope round every answer."""

from __future__ import annotations

from typing import Any

from ocpi_hub.protocol.types import DateTime, Int, OcpiObject, String255


class OcpiResponse(OcpiObject):
    """The envelope of every answer. Source: 2.2.1 transport and format, Response format."""

    data: list[Any] | dict[str, Any] | str | None = None
    status_code: Int
    status_message: String255 | None = None
    timestamp: DateTime
