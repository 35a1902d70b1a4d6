"""Where a service's keys come from: the setting, or a file in DATA_DIR that can be rotated."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ocpi_hub.node.secrets import Vault
from ocpi_hub.node.settings import NodeSettings
from ocpi_hub.service import secret_key


def current(settings: NodeSettings) -> str:
    """The keys, comma-separated, the first of which encrypts."""
    return settings.secret_key or secret_key.kept(settings.data_dir)


def rereading(settings: NodeSettings) -> Callable[[], str] | None:
    """How to hear of a rotation while running; None where the keys are a setting."""
    return None if settings.secret_key else partial(secret_key.kept, settings.data_dir)


def open_vault(settings: NodeSettings) -> Vault:
    """The vault for stored tokens."""
    return Vault(current(settings), reread=rereading(settings))
