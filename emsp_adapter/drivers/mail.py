"""Mails to drivers: put into the outbox in the transaction of what they are about, and carried by
SMTP, or kept as files where there is no mail server.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from emsp_adapter.store import outbox
from emsp_adapter.store.outbox import Channel, Owed
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import seen

_LONGEST_SUBJECT = 200
# No list of several, no name, no header, no other alphabet.
_ADDRESS = re.compile(r"[!-~]{1,64}@[A-Za-z0-9.-]{1,255}")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A PDF that comes with a mail."""

    name: str
    content: bytes


class BadAddress(ValueError):
    """There is no such e-mail address."""


def is_address(text: str) -> bool:
    """Whether a mail can be sent to it; what looks like encoded words in a header cannot."""
    if _ADDRESS.fullmatch(text) is None:
        return False
    try:
        Address(addr_spec=text)
    except (MessageError, ValueError, IndexError):
        return False
    return True


async def queue(
    conn: Hot,
    *,
    to: str,
    subject: str,
    text: str,
    now: datetime,
    enclosure: Enclosure | None = None,
    driver_id: str | None = None,
) -> None:
    """Owes a mail of plain text to one address, in the caller's transaction; or BadAddress. One
    that is to go with an account names its driver."""
    if not is_address(to):
        raise BadAddress("to: expected one e-mail address")
    line = seen(_BREAKS.sub(" ", subject)).strip()[:_LONGEST_SUBJECT]
    document: dict[str, Any] = {"subject": line, "text": seen(text)}
    if enclosure is not None:
        content = base64.b64encode(enclosure.content).decode()
        document["enclosure"] = {"name": enclosure.name, "content": content}
    await outbox.add(
        conn, Channel.MAIL, address=to, document=document, driver_id=driver_id, now=now
    )


def message_of(owed: Owed, *, sender: Address, domain: str) -> EmailMessage:
    """The mail as it is sent; the same each time that it is tried."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = Address(addr_spec=owed.address)
    message["Subject"] = owed.document["subject"]
    message["Date"] = format_datetime(owed.created_at)
    message["Message-ID"] = f"<{owed.id}.{int(owed.created_at.timestamp())}@{domain}>"
    # No program answers to it, and no vacation note either.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(owed.document["text"])
    enclosed = owed.document.get("enclosure")
    if enclosed is not None:
        content = base64.b64decode(enclosed["content"])
        message.add_attachment(
            content, maintype="application", subtype="pdf", filename=enclosed["name"]
        )
    return message
