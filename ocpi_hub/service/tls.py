"""TLS to partners: what we accept, and how to say why we did not."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path


@cache
def tls_context(extra_ca: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 or later, certificate and name checked; `extra_ca` (PEM) is trusted as well.

    One for all who trust the same: to read the authorities takes longer than a handshake.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if extra_ca is not None:
        context.load_verify_locations(extra_ca)
    return context


def reason_of(error: OSError) -> str:
    """Why a connection was not made, in words for an operator."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection ({error.reason or 'closed during the handshake'})"
    return error.strerror or str(error) or type(error).__name__
