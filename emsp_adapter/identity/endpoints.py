"""The endpoints that clients call: tokens, their end, what they are good for, and the metadata."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from starlette.requests import Request
from starlette.responses import Response

from emsp_adapter.identity import case as cases
from emsp_adapter.identity import discovery, keys
from emsp_adapter.identity.case import Case
from emsp_adapter.identity.desk import desk_of
from emsp_adapter.identity.id_tokens import claims_of
from emsp_adapter.identity.parameters import Parameters, read_form
from emsp_adapter.identity.server import Answer, Asked, Server
from emsp_adapter.office import Office
from emsp_adapter.store import access_tokens, drivers, signing_keys
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import Json
from ocpi_hub.node.rest.requests import address_of
from ocpi_hub.node.secrets import hash_token

_CHANGES_SELDOM = {"Cache-Control": "public, max-age=300"}
_LONGEST_TOKEN = 512

Decide = Callable[[Server, Asked], Answer]
Know = Callable[[Hot, Office, Parameters, Mapping[str, str]], Awaitable[Case]]


async def token(request: Request) -> Response:
    """RFC 6749 3.2."""
    return await _answered(request, cases.for_grant, Server.create_token_response)


async def revoke(request: Request) -> Response:
    """RFC 7009."""
    return await _answered(request, cases.about_token, _endpoint("revocation"))


async def introspect(request: Request) -> Response:
    """RFC 7662."""
    return await _answered(request, cases.about_token, _endpoint("introspection"))


async def userinfo(request: Request) -> Response:
    """OpenID Connect Core 5.3: what the scope of an access token tells of its driver."""
    desk = desk_of(request)
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    given = given.strip()
    if kind.lower() != "bearer" or not given:
        return _challenge(401, "Bearer")
    async with desk.office.db.hot() as conn:
        found = None
        if len(given) <= _LONGEST_TOKEN:
            found = await access_tokens.find(conn, hash_token(given), now=desk.office.now())
        if found is None or found.driver_id is None:
            return _challenge(401, 'Bearer error="invalid_token"')
        if "openid" not in found.scope.split():
            return _challenge(403, 'Bearer error="insufficient_scope", scope="openid"')
        driver = await drivers.find(conn, found.driver_id)
    if driver is None:
        return _challenge(401, 'Bearer error="invalid_token"')
    return Json(claims_of(driver, found.scope))


async def jwks(request: Request) -> Response:
    """The keys that ID tokens are signed with."""
    office = desk_of(request).office
    async with office.db.hot_transaction() as conn:
        await keys.signing(conn, office.vault, now=office.now())
        found = await signing_keys.every(conn)
    return Json(keys.jwks(found), headers=_CHANGES_SELDOM)


async def metadata(request: Request) -> Response:
    """What this server is and can."""
    return Json(discovery.document(desk_of(request).issuer), headers=_CHANGES_SELDOM)


def _endpoint(name: str) -> Decide:
    def decide(server: Server, asked: Asked) -> Answer:
        answer: Answer = server.create_endpoint_response(name, asked)
        return answer

    return decide


async def _answered(request: Request, know: Know, decide: Decide) -> Response:
    """The decision over a form, what it wants kept committed before it is said."""
    desk, address = desk_of(request), address_of(request)
    desk.refusals.check(address)
    try:
        form = _supported(await read_form(request))
        if request.url.query:
            raise InvalidRequestError("Parameters go into the body, not into the URL.")
        if "client_secret" in form and request.headers.get("authorization"):
            # RFC 6749 2.3: "MUST NOT use more than one authentication method".
            raise InvalidRequestError("Expected one client authentication, got two.")
    except OAuth2Error as error:
        answer = _refusal(error)
    else:
        answer = await _decided(request, form, know, decide)
    if answer.status >= 400:
        desk.refusals.count(address)
    return _response(answer)


async def _decided(request: Request, form: Parameters, know: Know, decide: Decide) -> Answer:
    desk = desk_of(request)
    headers = _authorization(request)
    async with desk.office.db.hot_transaction() as conn:
        case = await know(conn, desk.office, form, headers)
        answer = decide(Server(case), Asked(request.method, desk.issuer, form, headers))
        await case.write(conn)
    return answer


def _authorization(request: Request) -> dict[str, str]:
    """Who says to be there by HTTP Basic, if it can be read; as authlib looks for it."""
    headers = {"Authorization": request.headers.get("authorization", "")}
    try:
        said = "".join(each or "" for each in extract_basic_authorization(headers))
    except ValueError:
        return {}
    return headers if said.isprintable() else {}


def _supported(form: dict[str, str]) -> Parameters:
    """The form without a hint at a kind of token, which may be wrong (RFC 7009 2.1)."""
    if "client_assertion" in form or "client_assertion_type" in form:
        raise InvalidClientError("A client assertion is not supported.", status_code=401)
    form.pop("token_type_hint", None)
    return form


def _refusal(error: OAuth2Error) -> Answer:
    status, body, headers = error()
    return Answer(status, body, dict(headers))


def _response(answer: Answer) -> Response:
    headers = {
        name: value for name, value in answer.headers.items() if name.lower() != "content-type"
    }
    return Json(answer.body, answer.status, headers=headers)


def _challenge(status: int, challenge: str) -> Response:
    return Response(status_code=status, headers={"WWW-Authenticate": challenge})
