"""Certificates for servers in tests: a trusted issuer, and servers to be refused."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import trustme

NAME = "partner.example"


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """A server that shows this certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


def _own_issuer(issuer: trustme.CA) -> trustme.LeafCert:
    return trustme.CA().issue_cert(NAME)


def _expired(issuer: trustme.CA) -> trustme.LeafCert:
    return issuer.issue_cert(
        NAME,
        not_before=datetime(2020, 1, 1, tzinfo=UTC),
        not_after=datetime(2021, 1, 1, tzinfo=UTC),
    )


def _of_another_name(issuer: trustme.CA) -> trustme.LeafCert:
    return issuer.issue_cert("other.example")


def _of_the_address(issuer: trustme.CA) -> trustme.LeafCert:
    return issuer.issue_cert("127.0.0.1")


def _of_the_common_name(issuer: trustme.CA) -> trustme.LeafCert:
    return issuer.issue_cert("other.example", common_name=NAME)


BAD_CERTIFICATES: dict[str, Callable[[trustme.CA], trustme.LeafCert]] = {
    "of an unknown issuer": _own_issuer,
    "expired": _expired,
    "of another name": _of_another_name,
    "of the address alone": _of_the_address,
    "of the common name alone": _of_the_common_name,
}


def issuer_file(issuer: trustme.CA, folder: Path) -> Path:
    """The issuer's certificate as a file."""
    path = folder / "issuer.pem"
    issuer.cert_pem.write_to_path(str(path))
    return path
