"""Who a station is: Basic keys, TLS and client certificates, by its security profile.

An unknown station and a wrong key are told apart neither by the answer nor by the time it takes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cpo_adapter.ocpp.ports import SecurityProfile, StationCredentials, Stations

_BASIC = "basic "
# OCPP's identifierString, and what stations have in their ids beside it. The slash ends a path.
_STATION_ID = re.compile(r"[A-Za-z0-9*_=:+|@. -]{1,48}")
_COMMON_NAME = re.compile(r"(?:^|[,/+])\s*CN\s*=\s*((?:\\.|[^,/+\\])+)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a station shows when it connects.

    `certificate_names` are the names in its client certificate, once that has been verified; None
    when it showed none. `subprotocols` are those it offers, best first.
    """

    station_id: str
    secure: bool
    authorization: str | None
    certificate_names: frozenset[str] | None
    subprotocols: tuple[str, ...]
    remote_address: str | None


def key_hmac(server_key: bytes, key: str) -> bytes:
    """What is kept of a station's Basic key."""
    return _digest(server_key, key.encode())


class Doorkeeper:
    """Lets stations in, or not."""

    def __init__(self, stations: Stations, server_key: bytes) -> None:
        self._stations = stations
        self._server_key = server_key
        # Nobody can know the key of which this is the HMAC.
        self._nobody = StationCredentials(SecurityProfile.BASIC, key_hmac=bytes(32))

    async def admit(self, handshake: Handshake) -> StationCredentials | None:
        """What is known of the station that it has proved to be; None if it has not."""
        known: StationCredentials | None = None
        if _STATION_ID.fullmatch(handshake.station_id) is not None:
            known = await self._stations.credentials(handshake.station_id)
        expected = known or self._nobody
        key_fits = self._key_fits(handshake, expected.key_hmac or self._nobody.key_hmac or b"")
        return known if _proved(handshake, expected, key_fits=key_fits) else None

    def _key_fits(self, handshake: Handshake, expected: bytes) -> bool:
        key = basic_key(handshake.authorization, handshake.station_id)
        # Some stations send the key as it is written, others the bytes that its hex digits mean.
        forms = (key, key.hex().encode(), key.hex().upper().encode())
        fits = [hmac.compare_digest(_digest(self._server_key, form), expected) for form in forms]
        return any(fits)


def _proved(handshake: Handshake, expected: StationCredentials, *, key_fits: bool) -> bool:
    match expected.profile:
        case SecurityProfile.NONE:
            return True
        case SecurityProfile.BASIC:
            return key_fits
        case SecurityProfile.TLS_BASIC:
            return handshake.secure and key_fits
        case SecurityProfile.TLS_CERTIFICATE:
            wanted = expected.certificate_subject or handshake.station_id
            return handshake.secure and wanted in (handshake.certificate_names or ())


def _digest(server_key: bytes, key: bytes) -> bytes:
    return hmac.digest(server_key, key, hashlib.sha256)


def basic_key(authorization: str | None, station_id: str) -> bytes:
    """The key in a Basic header of this station; empty when there is none, which fits nobody."""
    if authorization is None or not authorization.lower().startswith(_BASIC):
        return b""
    try:
        decoded = base64.b64decode(authorization[len(_BASIC) :].strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
    # The id may hold colons, so it is not looked for: it has to be there.
    prefix = f"{station_id}:".encode()
    return decoded.removeprefix(prefix) if decoded.startswith(prefix) else b""


def names_in_certificate(certificate: Mapping[str, Any]) -> frozenset[str]:
    """The common name and the alternative names of a certificate, as the `ssl` module gives it."""
    common = {
        value
        for names in certificate.get("subject", ())
        for kind, value in names
        if kind == "commonName"
    }
    alternative = {value for _, value in certificate.get("subjectAltName", ())}
    return frozenset(common | alternative)


def names_in_subject(subject: str) -> frozenset[str]:
    """The common names in a subject as proxies write it: CN=a,O=b or /O=b/CN=a, or a bare name."""
    if "=" not in subject:
        return frozenset({subject.strip()} - {""})
    found = _COMMON_NAME.findall(subject)
    return frozenset(_ESCAPED.sub(r"\1", name).strip() for name in found)


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The proxies that end TLS in front of us and whose word about it is believed."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()

    @classmethod
    def parse(cls, written: Iterable[str]) -> TrustedProxies:
        """The proxies at these addresses or networks; ValueError names one that is neither."""
        return cls(tuple(ipaddress.ip_network(each.strip(), strict=False) for each in written))

    def trusts(self, address: str | None) -> bool:
        """Whether what comes from this address is believed."""
        try:
            peer = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        mapped = getattr(peer, "ipv4_mapped", None)
        return any((mapped or peer) in network for network in self.networks)


FORWARDED_PROTO = "x-forwarded-proto"
CERTIFICATE_SUBJECT = "x-client-certificate-subject"


def secure_and_names(
    headers: Mapping[str, str],
    *,
    address: str | None,
    tls: bool,
    certificate: Mapping[str, Any] | None,
    proxies: TrustedProxies,
) -> tuple[bool, frozenset[str] | None]:
    """Whether the station came by TLS, and the names in its certificate: from our own TLS, or in
    the words of a trusted proxy."""
    if not proxies.trusts(address):
        return tls, names_in_certificate(certificate) if tls and certificate else None
    secure = headers.get(FORWARDED_PROTO, "").lower() in {"https", "wss"}
    subject = headers.get(CERTIFICATE_SUBJECT)
    return secure, names_in_subject(subject) if secure and subject else None
