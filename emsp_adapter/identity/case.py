"""One request to the OAuth2 server: what was loaded for it, and what is to be written after it.

authlib asks its questions synchronously, in the middle of deciding; our database answers only to
`await`. So everything that a request can name is loaded before, rows that can be used once locked,
authlib decides over what was loaded, and what it wants kept is collected and written afterwards,
all in one transaction. A worker thread with a connection of its own would have been the other way:
it would need a second, synchronous database layer beside the one there is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from authlib.oauth2.rfc6749.util import extract_basic_authorization
from joserfc.jwk import ECKey

from emsp_adapter.identity import clients, keys
from emsp_adapter.identity.clients import Client
from emsp_adapter.identity.credentials import Access, Code, Refresh
from emsp_adapter.identity.parameters import Parameters
from emsp_adapter.office import Office
from emsp_adapter.store import access_tokens, codes, drivers, grants
from emsp_adapter.store.drivers import Driver
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.secrets import hash_token

Write = Callable[[Hot], Awaitable[None]]


@dataclass
class Case:
    """What is known of a request. `driver` is the one that its code or token is about, or who is
    signed in; `signed_in_at` when it was."""

    issuer: str
    now: datetime
    new_id: Callable[[], str]
    clients: dict[str, Client] = field(default_factory=dict)
    code: Code | None = None
    refresh: Refresh | None = None
    access: Access | None = None
    driver: Driver | None = None
    signed_in_at: datetime | None = None
    key: ECKey | None = None
    writes: list[Write] = field(default_factory=list)

    async def write(self, conn: Hot) -> None:
        """Carry out what was decided, refusals too: a stolen code ends what it gave."""
        for write in self.writes:
            await write(conn)


def new_case(office: Office) -> Case:
    """Nothing is known yet."""
    return Case(office.settings.public_url, office.now(), office.new_id)


async def for_grant(
    conn: Hot, office: Office, form: Parameters, headers: Mapping[str, str]
) -> Case:
    """What a request for tokens is decided by, in a transaction.

    Of a credential that its grant does not use nothing is known: a code beside a refresh token
    would else say whose token it becomes.
    """
    case = await _of_client(conn, office, form, headers)
    match form.get("grant_type"):
        case "authorization_code" if "code" in form:
            await _know_code(conn, case, form["code"])
        case "refresh_token" if "refresh_token" in form:
            await _know_token(conn, case, form["refresh_token"])
        case _:
            pass
    return await _with_driver(conn, office, case)


async def about_token(
    conn: Hot, office: Office, form: Parameters, headers: Mapping[str, str]
) -> Case:
    """What a request about a token is decided by, in a transaction."""
    case = await _of_client(conn, office, form, headers)
    if "token" in form:
        await _know_token(conn, case, form["token"])
    return await _with_driver(conn, office, case)


async def _of_client(
    conn: Hot, office: Office, form: Parameters, headers: Mapping[str, str]
) -> Case:
    case = new_case(office)
    by_basic, _ = extract_basic_authorization(headers)
    for client_id in {form.get("client_id"), by_basic} - {None}:
        await know_client(conn, office, case, str(client_id))
    return case


async def _with_driver(conn: Hot, office: Office, case: Case) -> Case:
    """The case with whom its only credential is about, and the key that this needs."""
    subject = _subject(case)
    case.driver = None if subject is None else await drivers.find(conn, subject)
    if case.code is not None and "openid" in case.code.get_scope().split():
        case.key = await keys.signing(conn, office.vault, now=case.now)
    return case


async def know_client(conn: Hot, office: Office, case: Case, client_id: str) -> None:
    """The client that a request names."""
    found = await clients.find(conn, office.settings, client_id)
    if found is not None:
        case.clients[client_id] = found


async def _know_code(conn: Hot, case: Case, code: str) -> None:
    hashed = hash_token(code)
    row = await codes.take(conn, hashed)
    case.code = None if row is None else Code(hashed, row)


async def _know_token(conn: Hot, case: Case, token: str) -> None:
    hashed = hash_token(token)
    refresh = await grants.take_refresh(conn, hashed)
    if refresh is not None:
        case.refresh = Refresh(hashed, refresh, case.now)
        return
    access = await access_tokens.find(conn, hashed, now=case.now)
    case.access = None if access is None else Access(hashed, access)


def _subject(case: Case) -> str | None:
    if case.code is not None:
        return case.code.row.driver_id
    if case.refresh is not None:
        return case.refresh.row.driver_id
    return None if case.access is None else case.access.row.driver_id
