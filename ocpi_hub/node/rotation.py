"""`key rotate`, as every service has it: all stored secrets under a new key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ocpi_hub.node import keys
from ocpi_hub.node.output import CommandError, Exit, answer, say
from ocpi_hub.node.settings import NodeSettings
from ocpi_hub.service import secret_key

# Encrypts every stored secret with the first of these keys; how many there are.
Reseal = Callable[[str], Awaitable[int]]

_NEW_KEY = (
    "python -c 'from cryptography.fernet import Fernet as F; print(F.generate_key().decode())'"
)


async def rotate(settings: NodeSettings, reseal: Reseal, *, program: str, json: bool) -> None:
    """A key of the service's own is made here; one that is a setting is put first in it before."""
    if settings.secret_key is None:
        count = await _with_own_keys(settings, reseal)
    else:
        count = await _with_given_keys(settings, settings.secret_key, reseal, program)
    answer(
        {"resealed": count},
        json=json,
        show=lambda: say(f"{count} stored tokens are encrypted with the new key"),
    )


async def _with_own_keys(settings: NodeSettings, reseal: Reseal) -> int:
    """The last key stays until the next rotation, for a service that has not read the new one."""
    await reseal(keys.current(settings))
    secret_key.drop_old(settings.data_dir)
    return await reseal(secret_key.add(settings.data_dir))


async def _with_given_keys(settings: NodeSettings, given: str, reseal: Reseal, program: str) -> int:
    name = settings.variable("secret_key")
    if "," not in given:
        raise CommandError(
            f"{name} has one key: put a new one before it, as NEW,OLD, restart {program}, and run "
            f"this again; a key is made by: {_NEW_KEY}",
            code=Exit.SETTING,
        )
    count = await reseal(given)
    say(f"The old key may be taken out of {name} now")
    return count
