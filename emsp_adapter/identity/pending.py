"""What the pages of an account are given, and the authorization request that waits behind them."""

from __future__ import annotations

from http import HTTPStatus

from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.requests import Request

from emsp_adapter.identity import clients
from emsp_adapter.identity.desk import desk_of
from emsp_adapter.identity.pages import Refused, origin, pending_of
from emsp_adapter.identity.parameters import Parameters, read_form, read_query


async def given_to(request: Request) -> Parameters:
    """The parameters of a page's URL, or those of its form."""
    try:
        if request.method == "POST":
            return await read_form(request)
        return read_query(request.url.query)
    except OAuth2Error as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "request_bad") from error


async def targets_of(request: Request, given: Parameters) -> list[str]:
    """The sites of the client that waits: a browser follows a form there only if it may."""
    try:
        client_id = read_query(pending_of(given)).get("client_id")
    except OAuth2Error:
        return []
    if client_id is None:
        return []
    office = desk_of(request).office
    async with office.db.hot() as conn:
        client = await clients.find(conn, office.settings, client_id)
    return [] if client is None else sorted({origin(url) for url in client.redirect_uris})
