"""Another e-mail address for an account: asked for by an app, confirmed where the mail leads.

Who asks had an access token, who confirms reads the mail of the new address and knows the password:
so a token that was stolen takes no account away. The old address hears of it at once.
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from emsp_adapter.drivers import mail
from emsp_adapter.identity import sessions
from emsp_adapter.identity.desk import desk_of
from emsp_adapter.identity.limits import EMAIL_LINK
from emsp_adapter.identity.links import new_link
from emsp_adapter.identity.pages import Refused, check_form, go_on, show
from emsp_adapter.identity.parameters import Parameters
from emsp_adapter.identity.pending import given_to
from emsp_adapter.identity.sign_in import checked
from emsp_adapter.identity.words import words
from emsp_adapter.office import Office
from emsp_adapter.store import drivers, mail_tokens
from emsp_adapter.store.drivers import Driver
from emsp_adapter.store.mail_tokens import MailToken, Purpose
from ocpi_hub.node import audit
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.requests import address_of
from ocpi_hub.node.secrets import hash_token


async def ask(conn: Hot, office: Office, driver: Driver, email: str) -> None:
    """Have the new address confirmed; the one that the driver has takes back what was asked for.

    An address that is another driver's looks the same to who asks: only its mail has no link.
    """
    await mail_tokens.drop(conn, driver.id, purpose=Purpose.EMAIL)
    if email == driver.email:
        return
    link = await new_link(
        conn,
        office.settings.public_url,
        MailToken(Purpose.EMAIL.value, email, driver.id, None),
        expires_at=office.now() + EMAIL_LINK,
    )
    taken = await drivers.by_email(conn, email) is not None
    await _mail(conn, office, driver, email, "mail_email_taken" if taken else "mail_email", link)
    if driver.email is not None:
        await _mail(conn, office, driver, driver.email, "mail_email_notice")


async def confirm(request: Request) -> Response:
    """Where the link leads: with the password the account has the new address."""
    given = await given_to(request)
    desk = desk_of(request)
    desk.sign_ins.check(address_of(request))
    hashed = hash_token(given.get("token", ""))
    async with desk.office.db.hot() as conn:
        opens = await mail_tokens.find(conn, hashed, purpose=Purpose.EMAIL, now=desk.office.now())
        driver = None if opens is None else await drivers.find(conn, str(opens.driver_id))
    if opens is None or driver is None or driver.email is None:
        desk.sign_ins.count(address_of(request))
        raise Refused(HTTPStatus.GONE, "link_over")
    if request.method != "POST":
        return _page(request, given, opens, driver)
    check_form(request, given)
    desk.sign_ins.admit(address_of(request))
    wrong, holder = await checked(desk, driver.email, given.get("password", ""))
    if holder is None:
        return _page(request, given, opens, driver, error=wrong)
    return await _moved(request, hashed, driver.id)


async def _moved(request: Request, hashed: bytes, driver_id: str) -> Response:
    office = desk_of(request).office
    async with office.db.hot_transaction() as conn:
        await drivers.find(conn, driver_id, lock=True)
        used = await mail_tokens.use(conn, hashed, purpose=Purpose.EMAIL, now=office.now())
        if used is None:
            raise Refused(HTTPStatus.GONE, "link_over")
        if not await drivers.set_email(conn, driver_id, used.email, now=office.now()):
            raise Refused(HTTPStatus.CONFLICT, "email_taken")
        # A link that lies in the old mailbox opens the account no more.
        await mail_tokens.drop(conn, driver_id)
        await audit.record(conn, f"driver:{driver_id}", action="email.changed", subject=driver_id)
        token = await sessions.begin(conn, request, driver_id)
    return sessions.remember(go_on(request, ""), request, token)


async def _mail(
    conn: Hot, office: Office, driver: Driver, to: str, text: str, link: str = ""
) -> None:
    said, provider = words(driver.locale), office.settings.name
    await mail.queue(
        conn,
        to=to,
        subject=said(f"{text}_subject", provider=provider),
        text=said(f"{text}_text", provider=provider, link=link),
        driver_id=driver.id,
        now=office.now(),
    )


def _page(
    request: Request,
    given: Parameters,
    opens: MailToken,
    driver: Driver,
    *,
    error: str | None = None,
) -> Response:
    return show(
        request,
        "email",
        status=HTTPStatus.OK if error is None else HTTPStatus.BAD_REQUEST,
        token=given.get("token", ""),
        email=driver.email,
        new_email=opens.email,
        error=error,
    )
