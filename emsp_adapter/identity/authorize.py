"""The authorization endpoint: a client sends a driver here, who signs in and agrees, and goes back
with a code (RFC 6749 3.1, OpenID Connect Core 3.1.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
)
from authlib.oidc.core.errors import ConsentRequiredError, LoginRequiredError
from starlette.requests import Request
from starlette.responses import Response

from emsp_adapter.identity import case as cases
from emsp_adapter.identity import keys, sessions
from emsp_adapter.identity.case import Case
from emsp_adapter.identity.clients import Client
from emsp_adapter.identity.desk import desk_of
from emsp_adapter.identity.grants import grantable
from emsp_adapter.identity.limits import PENDING_CHARACTERS
from emsp_adapter.identity.pages import Refused, check_form, leave, origin, show, speak, words_of
from emsp_adapter.identity.parameters import Parameters, read_form, read_query
from emsp_adapter.identity.server import Answer, Asked, Server
from emsp_adapter.store import drivers, grants, signing_keys
from ocpi_hub.node.engine import Hot

# Scopes that need no line of their own on the page.
_UNSAID = ("openid",)


@dataclass(frozen=True, slots=True)
class Authorization:
    """A request that is in order, so far as can be told before the driver is asked."""

    server: Server
    asked: Asked
    grant: Any

    @property
    def case(self) -> Case:
        """What is known of it."""
        return self.server.case

    @property
    def client(self) -> Client:
        """Who asks."""
        client: Client = self.asked.client
        return client

    @property
    def given(self) -> Parameters:
        """Its parameters."""
        return self.asked.form

    @property
    def prompts(self) -> frozenset[str]:
        """What the client wants the driver to be asked."""
        return frozenset(self.given.get("prompt", "").split())

    @property
    def scope(self) -> str:
        """What this driver can give of what is asked for."""
        driver = self.case.driver
        scope: str = self.asked.scope
        return scope if driver is None else grantable(scope, driver)


async def authorize(request: Request) -> Response:
    """The code, or the page that is in between."""
    try:
        given = read_query(request.url.query)
        form = await read_form(request) if request.method == "POST" else None
    except OAuth2Error as error:
        raise _unreadable(error) from error
    if form is not None:
        check_form(request, form)
    async with desk_of(request).office.db.hot_transaction() as conn:
        server = Server(await _known(conn, request, given))
        asked = Asked(request.method, desk_of(request).issuer, given)
        try:
            found = Authorization(server, asked, _consent_grant(server, asked))
            return await _step(conn, request, found, form)
        except OAuth2Error as error:
            return _sent_back(server, asked, error)


async def _known(conn: Hot, request: Request, given: Parameters) -> Case:
    """The client, and who is signed in."""
    office = desk_of(request).office
    case = cases.new_case(office)
    if "client_id" in given:
        await cases.know_client(conn, office, case, given["client_id"])
    session = await sessions.current(conn, request)
    if session is not None:
        case.driver = await drivers.find(conn, session.driver_id)
        case.signed_in_at = session.signed_in_at
    return case


def _consent_grant(server: Server, asked: Asked) -> Any:
    return server.get_consent_grant(asked, end_user=server.case.driver)


async def _step(
    conn: Hot, request: Request, found: Authorization, form: Parameters | None
) -> Response:
    """What comes next: signing in, agreeing, or going back with the code."""
    if await _needs_sign_in(conn, request, found):
        if "none" in found.prompts:
            raise LoginRequiredError(redirect_uri=found.grant.redirect_uri)
        return _to_sign_in(request, found)
    if not found.scope:
        # An empty scope would be read as none given, which is all that the client may have.
        raise InvalidScopeError(redirect_uri=found.grant.redirect_uri)
    decision = None if form is None else form.get("decision")
    if decision == "deny":
        raise AccessDeniedError(redirect_uri=found.grant.redirect_uri)
    if decision != "allow" and await _needs_consent(conn, found):
        if "none" in found.prompts:
            raise ConsentRequiredError(redirect_uri=found.grant.redirect_uri)
        return _consent_page(request, found)
    if decision == "allow" and found.case.driver is not None:
        await grants.set_consent(conn, found.case.driver.id, found.client.id, scope=found.scope)
    answer = found.server.create_authorization_response(found.asked, found.case.driver, found.grant)
    await found.case.write(conn)
    return _left(answer)


async def _needs_sign_in(conn: Hot, request: Request, found: Authorization) -> bool:
    """Whether a password has to be given now."""
    case = found.case
    if case.driver is None or case.signed_in_at is None:
        return True
    if found.prompts & {"login", "select_account"}:
        return True
    max_age = found.given.get("max_age")
    if max_age is not None and (case.now - case.signed_in_at).total_seconds() > _seconds(
        max_age, found
    ):
        return True
    hint = found.given.get("id_token_hint")
    return hint is not None and case.driver.id != await _hinted(conn, request, found, hint)


def _seconds(max_age: str, found: Authorization) -> int:
    if not (max_age.isascii() and max_age.isdigit() and len(max_age) < 10):
        raise InvalidRequestError(
            "Expected 'max_age' in seconds.", redirect_uri=found.grant.redirect_uri
        )
    return int(max_age)


async def _hinted(conn: Hot, request: Request, found: Authorization, hint: str) -> str:
    """Whom the client expects (3.1.2.1, id_token_hint)."""
    published = await signing_keys.every(conn)
    subject = keys.subject_of(hint, published, issuer=desk_of(request).issuer)
    if subject is None:
        raise InvalidRequestError(
            "The 'id_token_hint' is not an ID token of this server.",
            redirect_uri=found.grant.redirect_uri,
        )
    return subject


def _to_sign_in(request: Request, found: Authorization) -> Response:
    """Signing in or up, and then the same request; what asked for it is not asked again."""
    page = "sign-up" if "create" in found.prompts else "sign-in"
    again = {
        name: value
        for name, value in found.given.items()
        if name not in ("prompt", "id_token_hint", "max_age")
    }
    if "consent" in found.prompts:
        again["prompt"] = "consent"
    waiting = urlencode(again)
    if len(waiting) > PENDING_CHARACTERS:
        raise Refused(HTTPStatus.REQUEST_URI_TOO_LONG, "request_bad")
    pending = urlencode({"continue": waiting})
    response = leave(f"{desk_of(request).base}/account/{page}?{pending}")
    speak(response, request, found.given.get("ui_locales", ""))
    return response


async def _needs_consent(conn: Hot, found: Authorization) -> bool:
    """Whether the driver is asked; not for our own app, nor twice for the same."""
    driver = found.case.driver
    if found.client.trusted or driver is None:
        return False
    agreed = await grants.consent(conn, driver.id, found.client.id)
    return "consent" in found.prompts or not set(found.scope.split()) <= set(agreed.split())


def _consent_page(request: Request, found: Authorization) -> Response:
    text = words_of(request)
    return show(
        request,
        "consent",
        targets=[origin(found.grant.redirect_uri)],
        action=f"{desk_of(request).base}/oauth/authorize?{urlencode(found.given)}",
        client=found.client.name,
        email=found.case.driver and found.case.driver.email,
        scopes=[text(f"scope_{each}") for each in found.scope.split() if each not in _UNSAID],
    )


def _sent_back(server: Server, asked: Asked, error: OAuth2Error) -> Response:
    """The refusal, told to the client if it is sure who that is, else to the driver."""
    if not error.redirect_uri:
        raise _unreadable(error) from error
    error.state = asked.payload.state
    answer = server.handle_error_response(asked, error)
    server.execute_hook("after_create_authorization_response", answer)
    return _left(answer)


def _left(answer: Answer) -> Response:
    if answer.location is None:
        raise Refused(HTTPStatus.BAD_REQUEST, "request_bad")
    return leave(answer.location)


def _unreadable(error: OAuth2Error) -> Refused:
    known = {"invalid_client": "client_unknown"}
    return Refused(error.status_code, known.get(error.error, "request_bad"))
