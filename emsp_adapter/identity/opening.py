"""Where a mailed link leads: an account is opened, or gets another password.

Whoever holds the link reads the mail of the address, and only then is a password chosen: nobody
can choose one for an address of somebody else and wait for its owner to confirm it. A GET changes
nothing, since programs that look at mails open the links in them.
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from emsp_adapter.drivers import accounts
from emsp_adapter.drivers.accounts import EmailTaken
from emsp_adapter.identity import sessions
from emsp_adapter.identity.desk import Desk, desk_of
from emsp_adapter.identity.limits import NAME_CHARACTERS
from emsp_adapter.identity.pages import Refused, check_form, go_on, show, words_of
from emsp_adapter.identity.parameters import Parameters
from emsp_adapter.identity.passwords import weakness
from emsp_adapter.identity.pending import given_to
from emsp_adapter.store import browser_sessions, drivers, grants, mail_tokens, sign_in_failures
from emsp_adapter.store.mail_tokens import MailToken, Purpose
from emsp_adapter.store.sign_in_failures import account_of
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import seen
from ocpi_hub.node.rest.requests import address_of
from ocpi_hub.node.secrets import hash_token


async def confirm(request: Request) -> Response:
    """The end of signing up."""
    return await _opened(request, Purpose.SIGN_UP)


async def reset(request: Request) -> Response:
    """Another password."""
    return await _opened(request, Purpose.PASSWORD)


async def _opened(request: Request, purpose: Purpose) -> Response:
    given = await given_to(request)
    desk = desk_of(request)
    desk.sign_ins.check(address_of(request))
    hashed = hash_token(given.get("token", ""))
    async with desk.office.db.hot() as conn:
        found = await mail_tokens.find(conn, hashed, purpose=purpose, now=desk.office.now())
        found = await _standing(conn, found)
    if found is None:
        desk.sign_ins.count(address_of(request))
        raise Refused(HTTPStatus.GONE, "link_over")
    if request.method != "POST":
        return _page(request, purpose, given, found)
    check_form(request, given)
    error = weakness(given.get("password", ""), email=found.email)
    if error is not None:
        return _page(request, purpose, given, found, error=error)
    return await _set(request, purpose, given, hashed)


async def _set(request: Request, purpose: Purpose, given: Parameters, hashed: bytes) -> Response:
    desk = desk_of(request)
    password_hash = await desk.passwords.hashed(given["password"])
    async with desk.office.db.hot_transaction() as conn:
        used = await mail_tokens.use(conn, hashed, purpose=purpose, now=desk.office.now())
        used = await _standing(conn, used)
        if used is None:
            raise Refused(HTTPStatus.GONE, "link_over")
        driver_id = await _driver(conn, request, used, given.get("name"))
        await _password_set(conn, desk, driver_id, used.email, password_hash)
        token = await sessions.begin(conn, request, driver_id)
    return sessions.remember(go_on(request, used.pending or ""), request, token)


async def _standing(conn: Hot, link: MailToken | None) -> MailToken | None:
    """The link, unless its driver has another address by now: an old mailbox opens no account."""
    if link is None or link.driver_id is None:
        return link
    driver = await drivers.find(conn, link.driver_id)
    return link if driver is not None and driver.email == link.email else None


async def _driver(conn: Hot, request: Request, used: MailToken, name: str | None) -> str:
    """Whose link it was; a new driver at the end of signing up."""
    if used.driver_id is not None:
        return used.driver_id
    there = await drivers.by_email(conn, used.email)
    if there is not None:
        return there.id
    try:
        return await accounts.create(
            conn,
            desk_of(request).office,
            used.email,
            name=None if name is None else seen(name).strip()[:NAME_CHARACTERS] or None,
            locale=words_of(request).locale,
        )
    except EmailTaken as error:
        raise Refused(HTTPStatus.GONE, "link_over") from error


async def _password_set(
    conn: Hot, desk: Desk, driver_id: str, email: str, password_hash: str
) -> None:
    """From now on this is the password, and whoever was in with another is out."""
    now = desk.office.now()
    await drivers.set_password(conn, driver_id, password_hash, now=now)
    await grants.revoke_of_driver(conn, driver_id, now=now)
    await browser_sessions.end_all(conn, driver_id)
    # Another address that was asked for before is not changed to any more.
    await mail_tokens.drop(conn, driver_id)
    await sign_in_failures.clear(conn, account_of(email))


def _page(
    request: Request,
    purpose: Purpose,
    given: Parameters,
    found: MailToken,
    *,
    error: str | None = None,
) -> Response:
    return show(
        request,
        "password",
        status=HTTPStatus.OK if error is None else HTTPStatus.BAD_REQUEST,
        heading="confirm_heading" if purpose is Purpose.SIGN_UP else "reset_heading",
        action="confirm" if purpose is Purpose.SIGN_UP else "reset",
        new=purpose is Purpose.SIGN_UP,
        token=given.get("token", ""),
        email=found.email,
        name=given.get("name", ""),
        error=error,
    )
