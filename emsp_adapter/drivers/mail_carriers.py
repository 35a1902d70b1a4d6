"""The two ways of a mail: to a mail server, or into a folder where there is none."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from emsp_adapter.drivers.mail import message_of
from emsp_adapter.drivers.outbox import Carrier, NotDelivered
from emsp_adapter.settings import EmspSettings
from emsp_adapter.store.outbox import Owed
from ocpi_hub.service.tls import tls_context

_TIMEOUT = 30.0
_FINAL = 500
_SMTP_PORT, _SMTPS_PORT = 587, 465


def mail_carrier(settings: EmspSettings) -> Carrier:
    """How mails leave, as the settings say."""
    sender = Address(display_name=settings.name, addr_spec=mail_from(settings))
    if settings.smtp_url is None:
        return FileCarrier(sender, mail_folder(settings))
    return SmtpCarrier(sender, settings.smtp_url)


def mail_from(settings: EmspSettings) -> str:
    """The address that mails come from."""
    host = urlsplit(settings.public_url).hostname or "localhost"
    return settings.mail_from or f"no-reply@{host if _is_name(host) else 'localhost'}"


def mail_folder(settings: EmspSettings) -> Path:
    """Where mails are kept that no server takes."""
    return settings.data_dir / "mail"


@dataclass(frozen=True, slots=True)
class SmtpCarrier:
    """A mail server, by a URL such as smtp://user:password@host:587 or smtps://host."""

    sender: Address
    url: str

    async def carry(self, owed: Owed) -> None:
        """The server has taken the mail, or NotDelivered."""
        message = message_of(owed, sender=self.sender, domain=self.sender.domain)
        try:
            async with asyncio.timeout(_TIMEOUT):
                await self._send(message, owed.address)
        except TimeoutError:
            raise NotDelivered(f"the mail server did not answer in {_TIMEOUT:g} s") from None
        except SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            raise NotDelivered(
                f"the mail server refuses the recipient ({codes[0]})", final=min(codes) >= _FINAL
            ) from error
        except SMTPAuthenticationError as error:
            raise NotDelivered(f"the mail server refuses the log-in ({error.code})") from error
        except SMTPResponseException as error:
            raise NotDelivered(
                f"the mail server answered {error.code}", final=error.code >= _FINAL
            ) from error
        except (SMTPException, OSError) as error:
            raise NotDelivered(f"the mail server cannot be used: {error}") from error

    async def _send(self, message: EmailMessage, to: str) -> None:
        async with self._server() as server:
            await server.send_message(message, sender=self.sender.addr_spec, recipients=[to])

    def _server(self) -> SMTP:
        url = urlsplit(self.url)
        tls = url.scheme == "smtps"
        user = None if url.username is None else unquote(url.username)
        # A password goes over no network in clear text.
        must_encrypt = user is not None and not _is_local(url.hostname or "")
        return aiosmtplib.SMTP(
            hostname=url.hostname,
            port=url.port or (_SMTPS_PORT if tls else _SMTP_PORT),
            username=user,
            password=None if url.password is None else unquote(url.password),
            use_tls=tls,
            start_tls=None if tls or not must_encrypt else True,
            tls_context=tls_context(),
            timeout=_TIMEOUT,
        )


@dataclass(frozen=True, slots=True)
class FileCarrier:
    """A folder that only its owner can read; each mail is a file that mail programs open."""

    sender: Address
    folder: Path

    async def carry(self, owed: Owed) -> None:
        """The mail is a file, or NotDelivered."""
        message = message_of(owed, sender=self.sender, domain=self.sender.domain)
        try:
            await asyncio.to_thread(self._write, f"{owed.id:08d}.eml", bytes(message))
        except OSError as error:
            raise NotDelivered(f"the mail cannot be written: {error}") from error

    def _write(self, name: str, content: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self.folder / f".{name}"
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        unfinished.rename(self.folder / name)


def _is_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False


def _is_local(host: str) -> bool:
    return host == "localhost" or (not _is_name(host) and ipaddress.ip_address(host).is_loopback)
