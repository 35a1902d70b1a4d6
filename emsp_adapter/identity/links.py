"""Asking for a link by mail: to open an account, or to set another password.

The page says the same whether there is an account or not; the mail says which.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from emsp_adapter.drivers import mail
from emsp_adapter.drivers.accounts import email_problem, fold_email
from emsp_adapter.identity.desk import Desk, desk_of
from emsp_adapter.identity.limits import RESET_LINK, SIGN_UP_LINK
from emsp_adapter.identity.pages import check_form, pending_of, show, words_of
from emsp_adapter.identity.parameters import Parameters
from emsp_adapter.identity.pending import given_to, targets_of
from emsp_adapter.identity.words import Words, words
from emsp_adapter.store import drivers, mail_tokens
from emsp_adapter.store.mail_tokens import MailToken, Purpose
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.requests import address_of
from ocpi_hub.node.secrets import hash_token, new_token
from ocpi_hub.protocol.errors import TooManyRequests

_LIFETIMES = {Purpose.SIGN_UP: SIGN_UP_LINK, Purpose.PASSWORD: RESET_LINK}
_PAGES = {Purpose.SIGN_UP: "confirm", Purpose.PASSWORD: "reset", Purpose.EMAIL: "email"}


async def sign_up(request: Request) -> Response:
    """The page that asks for an e-mail address, or what was done with it."""
    return await _asked(request, "sign_up")


async def forgot(request: Request) -> Response:
    """The same for who has an account and not the password."""
    return await _asked(request, "forgot")


async def _asked(request: Request, page: str) -> Response:
    given = await given_to(request)
    if request.method != "POST":
        return await _page(request, page, given)
    check_form(request, given)
    desk = desk_of(request)
    email = fold_email(given.get("email", ""))
    error = email_problem(email)
    if error is not None:
        return await _page(request, page, given, error=error)
    desk.links.admit(address_of(request))
    if _may_be_mailed(desk, email):
        async with desk.office.db.hot_transaction() as conn:
            await _send(conn, desk, email, pending_of(given), text=words_of(request))
    return show(request, "sent", email=email)


async def _page(
    request: Request, page: str, given: Parameters, *, error: str | None = None
) -> Response:
    return show(
        request,
        page,
        status=HTTPStatus.OK if error is None else HTTPStatus.BAD_REQUEST,
        targets=await targets_of(request, given),
        pending=pending_of(given),
        email=given.get("email", ""),
        error=error,
    )


def _may_be_mailed(desk: Desk, email: str) -> bool:
    """Whether the address has room for another mail; who asks does not hear of it."""
    try:
        desk.mails.admit(email)
    except TooManyRequests:
        return False
    return True


async def _send(conn: Hot, desk: Desk, email: str, pending: str, *, text: Words) -> None:
    """A link to a new account, or one to the account that there is."""
    driver = await drivers.by_email(conn, email)
    if driver is not None and not driver.active:
        return
    purpose = Purpose.SIGN_UP if driver is None else Purpose.PASSWORD
    link = await new_link(
        conn,
        desk.issuer,
        MailToken(purpose.value, email, None if driver is None else driver.id, pending or None),
        expires_at=desk.office.now() + _LIFETIMES[purpose],
    )
    # The account's language where there is one, else that of who asks.
    said = text if driver is None else words(driver.locale)
    provider = desk.office.settings.name
    await mail.queue(
        conn,
        to=email,
        subject=said(f"mail_{purpose.value}_subject", provider=provider),
        text=said(f"mail_{purpose.value}_text", provider=provider, link=link),
        now=desk.office.now(),
    )


async def new_link(conn: Hot, issuer: str, opens: MailToken, *, expires_at: datetime) -> str:
    """A URL that is good once, for a while."""
    token = new_token()
    await mail_tokens.add(conn, hash_token(token), opens, expires_at=expires_at)
    return f"{issuer}/account/{_PAGES[Purpose(opens.purpose)]}?token={token}"
