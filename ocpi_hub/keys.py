"""Where the hub's keys come from: the setting, or a file in DATA_DIR that `key rotate` changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ocpi_hub.service import secret_key
from ocpi_hub.settings import HubSettings
from ocpi_hub.store.secrets import Vault


def current(settings: HubSettings) -> str:
    """The keys, comma-separated, the first of which encrypts."""
    return settings.secret_key or secret_key.kept(settings.data_dir)


def rereading(settings: HubSettings) -> Callable[[], str] | None:
    """How to hear of a rotation while running; None where the keys are a setting."""
    return None if settings.secret_key else partial(secret_key.kept, settings.data_dir)


def open_vault(settings: HubSettings) -> Vault:
    """The vault for stored tokens."""
    return Vault(current(settings), reread=rereading(settings))
