"""Charging without an account: one charge, paid at once, with a token for nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from emsp_adapter import payments
from emsp_adapter.charging import plug_codes, starting
from emsp_adapter.office import Office
from emsp_adapter.store import access_tokens, drivers
from emsp_adapter.store import guests as store
from emsp_adapter.store.charges import Charge
from emsp_adapter.store.drivers import Driver
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.limits import RateLimit
from ocpi_hub.node.secrets import hash_token, new_token

CLIENT = "guest"
_SCOPE = "charging history"
_TOKEN_LIFE = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which plug, who, and how it is paid: `setup` is the page where a card was given."""

    code: str
    email: str
    setup: str | None
    locale: str


async def start(office: Office, wish: Wish, mails: RateLimit) -> tuple[Charge, str]:
    """The charge of a guest and the access token for it; Refused leaves nothing behind, and so does
    TooManyRequests for the address: what fails is mailed to whoever has it."""
    card = await payments.card_of_setup(office, wish.setup)
    async with office.db.hot_transaction() as conn:
        plug = await plug_codes.plug_of(conn, wish.code)
        driver_id = await _guest(conn, office, wish)
        await payments.keep(conn, office, driver_id, card)
        charge = await starting.prepare(
            conn,
            office,
            starting.Wish(
                driver_id=driver_id,
                source="guest",
                location=plug.key,
                evse_uid=plug.evse_uid,
                connector_id=plug.connector_id,
            ),
            plug,
        )
        mails.admit(wish.email)
        token = new_token()
        await access_tokens.add(
            conn,
            hash_token(token),
            client_id=CLIENT,
            driver_id=driver_id,
            scope=_SCOPE,
            expires_at=office.now() + _TOKEN_LIFE,
        )
    return await starting.carry_out(office, charge, plug), token


async def _guest(conn: Hot, office: Office, wish: Wish) -> str:
    """Whoever has an account with that address is still a guest here: nobody has shown a
    password."""
    guest = Driver(
        id=office.new_id(),
        email=None,
        name=None,
        locale=wish.locale,
        status=drivers.ACTIVE,
        guest=True,
        staff=False,
        password_hash=None,
        email_confirmed_at=None,
        created_at=office.now(),
    )
    await drivers.add(conn, guest)
    await store.add(conn, guest.id, wish.email)
    return guest.id
