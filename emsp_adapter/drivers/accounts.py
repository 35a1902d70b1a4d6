"""Accounts of drivers: opened, shown to their owners as a whole, and closed for good."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from emsp_adapter.contracts import tokens
from emsp_adapter.drivers.mail import is_address
from emsp_adapter.office import Office
from emsp_adapter.store import drivers, personal_data
from emsp_adapter.store.drivers import ACTIVE, Driver
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.types import format_datetime

EMAIL_CHARACTERS = 254

_EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)


class EmailTaken(Exception):
    """Another driver has the e-mail address."""


class UnderWay(Exception):
    """The driver charges, or has something reserved or planned."""


def fold_email(text: str) -> str:
    """An e-mail address as it is kept and compared."""
    return text.strip().lower()


def email_problem(email: str) -> str | None:
    """Why a folded e-mail address cannot be used, as a key of the catalogue."""
    fits = len(email) <= EMAIL_CHARACTERS and _EMAIL.fullmatch(email) and is_address(email)
    return None if fits else "email_bad"


def mailable(text: str) -> str:
    """A folded e-mail address that a mail can be sent to, or ValueError."""
    email = fold_email(text)
    if email_problem(email) is not None:
        raise ValueError("expected an e-mail address, such as name@example.com")
    return email


def new_driver(
    driver_id: str,
    email: str,
    *,
    now: datetime,
    name: str | None = None,
    locale: str = "en",
    staff: bool = False,
) -> Driver:
    """A driver whose e-mail address was seen to be its own, without a password yet."""
    return Driver(
        id=driver_id,
        email=email,
        name=name,
        locale=locale,
        status=ACTIVE,
        guest=False,
        staff=staff,
        password_hash=None,
        email_confirmed_at=now,
        created_at=now,
    )


async def create(
    conn: Hot,
    office: Office,
    email: str,
    *,
    name: str | None = None,
    locale: str = "en",
) -> str:
    """A new driver's id, or EmailTaken."""
    driver = new_driver(office.new_id(), email, now=office.now(), name=name, locale=locale)
    if not await drivers.add(conn, driver):
        raise EmailTaken
    return driver.id


async def delete(conn: Hot, office: Office, driver_id: str) -> None:
    """Close an account for good: its tokens end, here and at partners, the person goes, and what
    money rests on stays. UnderWay while the driver charges."""
    found = await drivers.find(conn, driver_id, lock=True)
    if await personal_data.under_way(conn, driver_id):
        raise UnderWay
    if found is not None and found.email is not None:
        await personal_data.erase_address(conn, found.email)
    await drivers.strip(conn, driver_id, now=office.now())
    await tokens.refresh(conn, office, driver_id)
    await personal_data.erase(conn, driver_id)


async def export(conn: Hot, office: Office, driver_id: str) -> dict[str, Any]:
    """Everything that is known of a driver, table by table."""
    found = await drivers.find(conn, driver_id)
    if found is None:
        return {}
    profile = {
        "id": found.id,
        "email": found.email,
        "email_confirmed_at": _written(found.email_confirmed_at),
        "name": found.name,
        "locale": found.locale,
        "status": found.status,
        "created_at": format_datetime(found.created_at),
    }
    known = await personal_data.collected(conn, driver_id)
    return {"exported_at": format_datetime(office.now()), "profile": profile, **known}


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else format_datetime(moment)
