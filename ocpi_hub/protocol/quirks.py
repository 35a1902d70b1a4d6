"""What single peers do differently, by name, each with the reason that makes it defensible.

A quirk is set for one platform, by the handshake when it shows there or by the operator. What
every peer is forgiven is no quirk: missing message ids are made up, a DateTime without `Z` is UTC,
both slash forms of a URL are served, unknown fields and null keys are kept, one object in a list
counts as the object (see docs/errata.md).
"""

from __future__ import annotations

from enum import StrEnum


class Quirk(StrEnum):
    """A named deviation of one peer; the text is its reason."""

    reason: str

    def __new__(cls, name: str, reason: str) -> Quirk:
        """A member whose value is the name and which knows its reason."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.reason = reason
        return member

    PLAIN_TOKEN = (
        "plain_token",
        "Sends and expects the credentials token as it is: 2.1.1 did, and 2.2.1 admits such peers.",
    )
    LIST_WITHOUT_TO = (
        "list_without_to",
        "Asks for lists without OCPI-to headers and means GET All: libraries without routing.",
    )
    PATCH_WITHOUT_LAST_UPDATED = (
        "patch_without_last_updated",
        "Leaves last_updated out of a PATCH: the moment of arrival is taken instead.",
    )
    FROM_HUB = (
        "from_hub",
        "Answers 401 unless OCPI-from names the party registered there, so the hub names itself.",
    )
    TRAILING_SLASH = (
        "trailing_slash",
        "Redirects a list URL without a final slash, and redirects are never followed.",
    )
