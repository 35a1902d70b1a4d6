"""Mails to drivers: put into the outbox in the transaction of what they are about, and carried by
SMTP, or kept as files where there is no mail server.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from emsp_adapter.store import outbox
from emsp_adapter.store.outbox import Channel, Owed
from ocpi_hub.node.engine import Hot

_LONGEST_SUBJECT = 200
# No list of several, no name, no header, no other alphabet.
_ADDRESS = re.compile(r"[!-~]{1,64}@[A-Za-z0-9.-]{1,255}")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


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


async def queue(conn: Hot, *, to: str, subject: str, text: str, now: datetime) -> None:
    """Owes a mail of plain text to one address, in the caller's transaction; or BadAddress."""
    if not is_address(to):
        raise BadAddress("to: expected one e-mail address")
    line = _BREAKS.sub(" ", subject).strip()[:_LONGEST_SUBJECT]
    await outbox.add(
        conn, Channel.MAIL, address=to, document={"subject": line, "text": text}, now=now
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
    return message
