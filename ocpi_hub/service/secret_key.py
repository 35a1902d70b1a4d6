"""The keys that stored secrets are encrypted with, where the operator gives none."""

from __future__ import annotations

from pathlib import Path

from cryptography.fernet import Fernet

from ocpi_hub.service import data_dir as data_folder
from ocpi_hub.service.data_dir import SECRET_KEY


def kept(data_dir: Path) -> str:
    """The Fernet keys of DATA_DIR, comma-separated, the first made on first use."""
    return data_folder.secret(data_dir, SECRET_KEY, make=lambda: Fernet.generate_key().decode())


def add(data_dir: Path) -> str:
    """A new key in front of the kept ones, which still decrypt; gives them all."""
    keys = f"{Fernet.generate_key().decode()},{kept(data_dir)}"
    data_folder.write_private(data_dir, SECRET_KEY, keys)
    return keys


def drop_old(data_dir: Path) -> None:
    """Keeps only the first key, once nothing is encrypted with the others."""
    first = kept(data_dir).partition(",")[0]
    data_folder.write_private(data_dir, SECRET_KEY, first)
