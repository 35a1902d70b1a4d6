"""`ocpi-hub key`: the keys that stored tokens are encrypted with."""

from __future__ import annotations

from ocpi_hub.cli.session import Session, open_hub, record
from ocpi_hub.node import keys as node_keys
from ocpi_hub.node.command import Json, command, group
from ocpi_hub.node.output import CommandError, Exit, answer, say
from ocpi_hub.node.secrets import Vault
from ocpi_hub.service import secret_key
from ocpi_hub.settings import HubSettings
from ocpi_hub.store import platforms

keys = group("Keys: what stored tokens are encrypted with.")

_NEW_KEY = (
    "python -c 'from cryptography.fernet import Fernet as F; print(F.generate_key().decode())'"
)


@command(keys, "rotate", example="ocpi-hub key rotate")
async def rotate(*, json: Json = False) -> None:
    """Encrypt all stored tokens with a new key.

    A key of the hub's own is made here; one that is a setting is put first in it before.
    """
    async with open_hub() as hub:
        if hub.settings.secret_key is None:
            count = await _with_own_keys(hub)
        else:
            count = await _with_given_keys(hub, hub.settings.secret_key)
    answer(
        {"resealed": count},
        json=json,
        show=lambda: say(f"{count} stored tokens are encrypted with the new key"),
    )


async def _with_own_keys(hub: Session) -> int:
    """The last key stays until the next rotation, for a hub that has not read the new one yet."""
    data_dir = hub.settings.data_dir
    await _reseal(hub, node_keys.current(hub.settings))
    secret_key.drop_old(data_dir)
    return await _reseal(hub, secret_key.add(data_dir), audited=True)


async def _with_given_keys(hub: Session, given: str) -> int:
    name = HubSettings.variable("secret_key")
    if "," not in given:
        raise CommandError(
            f"{name} has one key: put a new one before it, as NEW,OLD, restart the hub, and run "
            f"this again; a key is made by: {_NEW_KEY}",
            code=Exit.SETTING,
        )
    count = await _reseal(hub, given, audited=True)
    say(f"The old key may be taken out of {name} now")
    return count


async def _reseal(hub: Session, keys: str, *, audited: bool = False) -> int:
    async with hub.db.begin() as conn:
        count = await platforms.reseal(conn, Vault(keys).rotate)
        if audited:
            await record(conn, "key.rotate", "stored tokens", {"count": count})
    return count
