"""Tokens and references as they are made, hashed and sealed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet

from ocpi_hub.node.secrets import Vault, WrongKey, hash_token, new_reference, new_token


def test_a_token_fits_the_credentials_object_and_cannot_be_guessed() -> None:
    """AUTH-06, SEC-02."""
    tokens = {new_token() for _ in range(100)}

    assert len(tokens) == 100
    assert all(re.fullmatch(r"[\x21-\x7e]{43,64}", token) for token in tokens)


def test_a_reference_is_one_path_segment_of_128_bits_or_more() -> None:
    """SEC-08."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{22,}", new_reference())


def test_a_token_is_kept_as_its_sha_256() -> None:
    assert hash_token("abc").hex().startswith("ba7816bf8f01cfea")


def test_a_sealed_secret_does_not_show_and_opens_again() -> None:
    vault = Vault(Fernet.generate_key().decode())

    sealed = vault.encrypt("token-of-theirs")

    assert b"token-of-theirs" not in sealed
    assert vault.decrypt(sealed) == "token-of-theirs"


def test_after_a_rotation_the_old_key_is_not_needed() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = Vault(old).encrypt("secret")

    rotated = Vault(f"{new}, {old}").rotate(sealed)

    assert Vault(new).decrypt(rotated) == "secret"
    assert Vault(f"{new},{old}").decrypt(sealed) == "secret"


@pytest.mark.parametrize("open_", [Vault.decrypt, Vault.rotate])
def test_a_secret_of_another_key_is_refused(open_: Callable[[Vault, bytes], object]) -> None:
    sealed = Vault(Fernet.generate_key().decode()).encrypt("secret")

    with pytest.raises(WrongKey, match="SECRET_KEY"):
        open_(Vault(Fernet.generate_key().decode()), sealed)


def test_a_vault_hears_of_a_rotation_when_a_secret_fits_no_key() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    vault = Vault(old, reread=lambda: f"{new},{old}")

    opened = vault.decrypt(Vault(new).encrypt("secret"))

    assert opened == "secret"
    assert Vault(new).decrypt(vault.encrypt("next")) == "next"
