"""Mails and calls of webhooks: they arrive once, are tried again, and are given up in the end."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import ValidationError

from emsp_adapter.drivers import mail
from emsp_adapter.drivers.mail_carriers import mail_carrier, mail_from
from emsp_adapter.drivers.outbox import Outbox
from emsp_adapter.drivers.webhooks import WebhookCarrier
from emsp_adapter.settings import EmspSettings
from emsp_adapter.store import outbox
from emsp_adapter.store.outbox import Channel
from ocpi_hub.node.signing import new_secret
from tests.emsp_adapter.running import Adapter, adapter
from tests.hooks import Hook
from tests.serving import free_port, serving

HOUR = timedelta(hours=1)


@dataclass
class Clock:
    """A clock that is set by hand."""

    at: datetime = datetime(2026, 3, 1, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


@dataclass
class MailServer:
    """Keeps what it takes; answers with `refusals` first. Who logs in has to be ada."""

    refusals: list[str] = field(default_factory=list)
    taken: list[tuple[list[str], EmailMessage]] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Takes a mail."""
        if self.refusals:
            return self.refusals.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        parsed = message_from_bytes(content.replace(b"\r\n", b"\n"), policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.taken.append((list(envelope.rcpt_tos), parsed))
        return "250 OK"

    def authenticate(self, _server: SMTP, _session: Session, *given: Any) -> AuthResult:
        """Lets ada in."""
        data = given[2]
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login, data.password) == (b"ada", b"p@ss"))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """On a port of its own."""
        controller = Controller(
            self,
            hostname="127.0.0.1",
            port=free_port(),
            authenticator=self.authenticate,
            auth_require_tls=False,
        )
        controller.start()
        try:
            yield controller.port
        finally:
            controller.stop()


def sending(emsp: Adapter, clock: Clock, **settings: Any) -> Outbox:
    """An outbox with other settings than the adapter's, and no loop of its own."""
    changed = EmspSettings(**{**emsp.settings.model_dump(), **settings})
    office = replace(emsp.office, settings=changed, now=clock)
    carriers = {Channel.MAIL: mail_carrier(changed), Channel.WEBHOOK: WebhookCarrier(office)}
    return Outbox(office, carriers)


async def queued(emsp: Adapter, clock: Clock, **given: str) -> None:
    """A mail to Ada that a running adapter does not see yet: its time is in its future."""
    said = {"to": "ada@drivers.example", "subject": "Hello", "text": "Your car is charging."}
    async with emsp.db.hot_transaction() as conn:
        said |= given
        await mail.queue(
            conn, to=said["to"], subject=said["subject"], text=said["text"], now=clock()
        )


async def waiting(emsp: Adapter) -> list[tuple[int, str | None]]:
    """Attempts and last failure of what is owed."""
    found = await emsp.rows("SELECT attempts, failure FROM outbox ORDER BY id")
    return [(attempts, failure) for attempts, failure in found]


@pytest.fixture
def clock(emsp: Adapter) -> Clock:
    """Far enough ahead that the adapter itself leaves alone what is due by this clock."""
    return Clock(emsp.office.now() + timedelta(days=30))


# --- mail ----------------------------------------------------------------------------------------


async def test_a_mail_reaches_the_server_and_is_owed_no_longer(emsp: Adapter, clock: Clock) -> None:
    server = MailServer()
    await queued(emsp, clock, text="Größe: 3 €\n.\nBis bald\n")

    async with server.open() as port:
        await sending(emsp, clock, smtp_url=f"smtp://127.0.0.1:{port}").step()

    ((to, message),) = server.taken
    assert to == ["ada@drivers.example"]
    assert message["To"] == "ada@drivers.example"
    assert message["From"] == "eMSP adapter <no-reply@localhost>"
    assert message.get_content() == "Größe: 3 €\n.\nBis bald\n"
    assert message["Auto-Submitted"] == "auto-generated"
    assert not await waiting(emsp)


async def test_a_mail_server_is_logged_in_to(emsp: Adapter, clock: Clock) -> None:
    server = MailServer()
    await queued(emsp, clock)

    async with server.open() as port:
        await sending(emsp, clock, smtp_url=f"smtp://ada:p%40ss@127.0.0.1:{port}").step()

    assert len(server.taken) == 1


async def test_what_the_server_puts_off_is_tried_again_and_arrives_once(
    emsp: Adapter, clock: Clock
) -> None:
    server = MailServer(["451 later", "452 later"])
    await queued(emsp, clock)

    seen = []
    async with server.open() as port:
        outbox_ = sending(emsp, clock, smtp_url=f"smtp://127.0.0.1:{port}")
        for _ in range(3):
            await outbox_.step()
            await outbox_.step()
            seen.append(await waiting(emsp))
            clock.forward(timedelta(seconds=30))

    assert seen == [
        [(1, "the mail server answered 451")],
        [(2, "the mail server answered 452")],
        [],
    ]
    assert len(server.taken) == 1


async def test_what_the_server_refuses_for_good_is_given_up(emsp: Adapter, clock: Clock) -> None:
    server = MailServer(["554 no"])
    await queued(emsp, clock)

    async with server.open() as port:
        await sending(emsp, clock, smtp_url=f"smtp://127.0.0.1:{port}").step()

    assert not await waiting(emsp)
    assert not server.taken


async def test_a_mail_is_given_up_after_a_day(emsp: Adapter, clock: Clock) -> None:
    await queued(emsp, clock)
    outbox_ = sending(emsp, clock, smtp_url=f"smtp://127.0.0.1:{free_port()}")

    seen = []
    for _ in range(13):
        await outbox_.step()
        seen.append(bool(await waiting(emsp)))
        clock.forward(2 * HOUR)

    assert seen == [True] * 12 + [False]


async def test_what_a_process_died_with_is_sent_by_the_next(emsp: Adapter, clock: Clock) -> None:
    server = MailServer()
    await queued(emsp, clock)
    async with emsp.db.hot() as conn:
        (claimed,) = await outbox.claim(
            conn, now=clock(), until=clock() + timedelta(minutes=2), limit=10
        )

    async with server.open() as port:
        outbox_ = sending(emsp, clock, smtp_url=f"smtp://127.0.0.1:{port}")
        await outbox_.step()
        early = len(server.taken)
        clock.forward(timedelta(minutes=2))
        await outbox_.step()

    assert claimed.attempts == 1
    assert (early, len(server.taken)) == (0, 1)


async def test_a_subject_makes_no_header(emsp: Adapter, clock: Clock) -> None:
    """T35: whatever stands in a subject, the mail has the recipient that was meant."""
    server = MailServer()
    await queued(emsp, clock, subject="Hi\r\nBcc: eve@evil.example\r\n\r\n<script>")

    async with server.open() as port:
        await sending(emsp, clock, smtp_url=f"smtp://127.0.0.1:{port}").step()

    ((to, message),) = server.taken
    assert to == ["ada@drivers.example"]
    assert message["Bcc"] is None
    assert message["Subject"] == "Hi Bcc: eve@evil.example <script>"
    assert message.get_content_type() == "text/plain"


NO_ADDRESSES = {
    "two": "ada@drivers.example, eve@evil.example",
    "a header": "ada@drivers.example\r\nBcc: e@e.example",
    "no host": "ada",
    "nothing": "",
    "an encoded word": "=?utf-8?q?a?=@drivers.example",
    "two dots": "a..b@drivers.example",
    "an empty label": "ada@drivers..example",
    "a dash": "ada@-.",
    "another alphabet": "\u00e4da@drivers.example",
    "two hosts": "ada@drivers@evil.example",
    "a comment": "ada@drivers.example(comment)",
}


@pytest.mark.parametrize("address", NO_ADDRESSES.values(), ids=NO_ADDRESSES)
async def test_only_one_address_is_an_address(emsp: Adapter, clock: Clock, address: str) -> None:
    with pytest.raises(ValueError, match="expected one e-mail address"):
        await queued(emsp, clock, to=address)

    assert not await waiting(emsp)


def test_usual_addresses_are_addresses() -> None:
    usual = ("ada@drivers.example", "a.b+c_d'e=f@x-y.example", "0@a.b.c.example")

    assert [each for each in usual if not mail.is_address(each)] == []


async def test_without_a_mail_server_mails_are_files_for_their_owner_only(emsp: Adapter) -> None:
    async with emsp.db.hot_transaction() as conn:
        await mail.queue(
            conn,
            to="ada@drivers.example",
            subject="Hello",
            text="Your code is 7.",
            now=emsp.office.now(),
        )

    found = await emsp.mail_to("ada@drivers.example", subject="Hello")

    assert found.get_content() == "Your code is 7.\n"
    assert _modes(emsp.settings.data_dir / "mail") == [0o700, 0o600]


def _modes(folder: Path) -> list[int]:
    return [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())]


SENDERS = {
    "a host": ({"public_url": "https://charge.example"}, "no-reply@charge.example"),
    "an address": ({"public_url": "http://127.0.0.1:8020"}, "no-reply@localhost"),
    "as set": ({"mail_from": "help@charge.example"}, "help@charge.example"),
}


@pytest.mark.parametrize(("given", "expected"), SENDERS.values(), ids=SENDERS)
def test_mails_come_from_an_address(given: dict[str, Any], expected: str) -> None:
    assert mail_from(EmspSettings(**given)) == expected


@pytest.mark.parametrize(
    "url",
    ["mail.example:25", "http://mail.example", "smtp://", "smtp://ada@mail.example", "smtp://h/x"],
)
def test_a_mail_server_is_a_url(url: str) -> None:
    with pytest.raises(ValidationError, match="a URL such as smtp"):
        EmspSettings(smtp_url=url)


# --- webhooks ------------------------------------------------------------------------------------


async def called(emsp: Adapter, clock: Clock, url: str, *, secret: str) -> None:
    """A call that is owed to a webhook."""
    async with emsp.db.hot_transaction() as conn:
        await outbox.add(
            conn,
            Channel.WEBHOOK,
            address=url,
            document={"type": "charge_started"},
            secret=emsp.office.vault.encrypt(secret),
            now=clock(),
        )


async def test_a_call_is_signed_and_the_same_each_time(emsp: Adapter, clock: Clock) -> None:
    hook, port, secret = Hook([500, 503]), free_port(), new_secret()
    await called(emsp, clock, f"http://127.0.0.1:{port}/here", secret=secret)

    async with serving(hook.app, port):
        for _ in range(4):
            await sending(emsp, clock).step()
            clock.forward(HOUR)

    assert hook.documents == [{"type": "charge_started"}] * 3
    assert hook.signed(secret)
    assert len({headers["webhook-id"] for headers, _ in hook.received}) == 1
    assert not await waiting(emsp)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(emsp: Adapter, clock: Clock, status: int) -> None:
    elsewhere, other_port, port = Hook(), free_port(), free_port()
    hook = Hook([status], headers={"Location": f"http://127.0.0.1:{other_port}/"})
    await called(emsp, clock, f"http://127.0.0.1:{port}/", secret=new_secret())

    async with serving(hook.app, port), serving(elsewhere.app, other_port):
        await sending(emsp, clock).step()

    assert not elsewhere.received
    assert await waiting(emsp) == [(1, f"the webhook answered HTTP {status}")]


async def test_a_webhook_that_is_gone_is_not_called_again(emsp: Adapter, clock: Clock) -> None:
    hook, port = Hook([410]), free_port()
    await called(emsp, clock, f"http://127.0.0.1:{port}/", secret=new_secret())

    async with serving(hook.app, port):
        await sending(emsp, clock).step()

    assert len(hook.received) == 1
    assert not await waiting(emsp)


async def test_a_private_address_is_never_called(emsp_database_url: str) -> None:
    hook, port = Hook(), free_port()
    async with adapter(emsp_database_url, allow_private_networks=False) as emsp:
        clock = Clock(emsp.office.now() + timedelta(days=30))
        await called(emsp, clock, f"https://127.0.0.1:{port}/", secret=new_secret())

        async with serving(hook.app, port):
            await sending(emsp, clock).step()

        assert not hook.received
        assert not await waiting(emsp)
