"""Signing in with e-mail address and password, and signing out."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from emsp_adapter.drivers.accounts import fold_email
from emsp_adapter.identity import sessions
from emsp_adapter.identity.desk import Desk, desk_of
from emsp_adapter.identity.limits import LOCKED, PASSWORD_CHARACTERS, WRONG_PASSWORDS
from emsp_adapter.identity.pages import check_form, go_on, leave, pending_of, show
from emsp_adapter.identity.parameters import Parameters
from emsp_adapter.identity.pending import given_to, targets_of
from emsp_adapter.store import drivers, sign_in_failures
from emsp_adapter.store.drivers import Driver
from emsp_adapter.store.sign_in_failures import account_of
from ocpi_hub.node.rest.requests import address_of


async def sign_in(request: Request) -> Response:
    """The page; with a form who it is, or the page again."""
    given = await given_to(request)
    if request.method != "POST":
        return await _page(request, given)
    check_form(request, given)
    desk = desk_of(request)
    desk.sign_ins.admit(address_of(request))
    email = fold_email(given.get("email", ""))
    wrong, driver = await checked(desk, email, given.get("password", ""))
    if driver is None:
        return await _page(request, given, error=wrong)
    async with desk.office.db.hot_transaction() as conn:
        token = await sessions.begin(conn, request, driver.id)
    return sessions.remember(go_on(request, pending_of(given)), request, token)


async def sign_out(request: Request) -> Response:
    """The page that asks; with its form the session ends."""
    if request.method != "POST":
        return show(request, "sign_out")
    check_form(request, await given_to(request))
    async with desk_of(request).office.db.hot_transaction() as conn:
        await sessions.end(conn, request)
    return sessions.forget(leave(f"{desk_of(request).base}/"), request)


async def _page(request: Request, given: Parameters, *, error: str | None = None) -> Response:
    locked = error == "sign_in_locked"
    refused = HTTPStatus.TOO_MANY_REQUESTS if locked else HTTPStatus.BAD_REQUEST
    response = show(
        request,
        "sign_in",
        status=HTTPStatus.OK if error is None else refused,
        targets=await targets_of(request, given),
        pending=pending_of(given),
        email=given.get("email", ""),
        error=error,
    )
    if locked:
        response.headers["Retry-After"] = str(int(LOCKED.total_seconds()))
    return response


async def checked(desk: Desk, email: str, password: str) -> tuple[str, Driver | None]:
    """The driver, or why not, as a key of the catalogue. An address without an account is told
    the same after the same time, and locked the same."""
    now, account = desk.office.now(), account_of(email)
    async with desk.office.db.hot() as conn:
        # Before the password is looked at, or many at once would all be below the limit.
        tried = await sign_in_failures.count(conn, account, now=now, since=now - LOCKED)
        driver = await drivers.by_email(conn, email)
    if tried > WRONG_PASSWORDS:
        return "sign_in_locked", None
    kept = None if driver is None else driver.password_hash
    fits = await desk.passwords.fits(password[: PASSWORD_CHARACTERS[1] + 1], kept)
    if driver is None or kept is None or not fits:
        return "sign_in_wrong", None
    fresh = await desk.passwords.hashed(password) if desk.passwords.outdated(kept) else None
    async with desk.office.db.hot_transaction() as conn:
        await sign_in_failures.clear(conn, account)
        if fresh is not None:
            await drivers.set_password(conn, driver.id, fresh, now=now)
    return ("", driver) if driver.active else ("account_blocked", None)
