"""Files that a command is given: JSON objects, read exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ocpi_hub.node.output import CommandError, Exit
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import load_object


def read_document(path: Path) -> dict[str, Any]:
    """The JSON object in a file; CommandError says why it cannot be used."""
    try:
        return load_object(path.read_bytes())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CommandError(f"{path}: {reason}", code=Exit.BAD_INPUT) from error
    except InvalidParameters as error:
        raise CommandError(f"{path}: {error.message}", code=Exit.BAD_INPUT) from error
