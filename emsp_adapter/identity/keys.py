"""The keys that sign ID tokens: ES256, made here, sealed with SECRET_KEY, replaced in time.

A new key is published before it signs, and an old one stays published until nothing that it signed
is good any more, so that clients that keep the key set for a while are never surprised.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from emsp_adapter.identity.limits import ID_TOKEN
from emsp_adapter.store import signing_keys
from emsp_adapter.store.signing_keys import SigningKey
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.secrets import Vault

ALGORITHM = "ES256"

_LIFETIME = timedelta(days=90)
_AHEAD = timedelta(days=1)
_LONGEST_JWT = 4_096


async def turn(conn: Hot, vault: Vault, *, now: datetime) -> None:
    """Make the next key when it is time, and forget those that nobody needs; in a transaction."""
    await signing_keys.in_turn(conn)
    keys = await signing_keys.every(conn)
    if not keys:
        await signing_keys.add(conn, _made(vault, signs_from=now), now=now)
        return
    due = keys[0].signs_from + _LIFETIME - _AHEAD
    if due <= now:
        await signing_keys.add(conn, _made(vault, signs_from=now + _AHEAD), now=now)
    for newer, older in pairwise(keys):
        if newer.signs_from + ID_TOKEN + _AHEAD <= now:
            await signing_keys.remove(conn, older.kid)


async def replace(conn: Hot, vault: Vault, *, now: datetime) -> str:
    """A new key at once in place of all others, which may have leaked; its kid."""
    await signing_keys.in_turn(conn)
    for key in await signing_keys.every(conn):
        await signing_keys.remove(conn, key.kid)
    made = _made(vault, signs_from=now)
    await signing_keys.add(conn, made, now=now)
    return made.kid


async def signing(conn: Hot, vault: Vault, *, now: datetime) -> ECKey:
    """The key that signs now; in a transaction, since it may be the first."""
    found = _in_use(await signing_keys.every(conn), now)
    if found is None:
        await turn(conn, vault, now=now)
        found = _in_use(await signing_keys.every(conn), now)
    if found is None:
        raise LookupError("no signing key is in use")
    return ECKey.import_key(json.loads(vault.decrypt(bytes(found.sealed))))


def jwks(keys: Sequence[SigningKey]) -> dict[str, Any]:
    """The public halves (RFC 7517)."""
    return {"keys": [key.public for key in keys]}


def subject_of(token: str, keys: Sequence[SigningKey], *, issuer: str) -> str | None:
    """Whom an ID token of ours is about, however old it is; None when it is not ours.

    The algorithm is fixed, the key is one of ours by its kid: no header of the token has a say.
    """
    if len(token) > _LONGEST_JWT or not keys:
        return None
    try:
        found = jwt.decode(token, KeySet.import_key_set(jwks(keys)), algorithms=[ALGORITHM])  # type: ignore[arg-type]  # a key set in JSON
    except (JoseError, ValueError):
        return None
    subject = found.claims.get("sub")
    return subject if found.claims.get("iss") == issuer and isinstance(subject, str) else None


def _in_use(keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    return next((key for key in keys if key.signs_from <= now), None)


def _made(vault: Vault, *, signs_from: datetime) -> SigningKey:
    key = ECKey.generate_key("P-256", private=True)
    kid = key.thumbprint()
    parameters = {"kid": kid, "alg": ALGORITHM, "use": "sig"}
    sealed = vault.encrypt(json.dumps(key.as_dict(private=True, **parameters)))
    return SigningKey(kid, sealed, dict(key.as_dict(private=False, **parameters)), signs_from)
