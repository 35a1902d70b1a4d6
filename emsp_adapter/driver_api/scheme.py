"""How an app gets an access token, as the description of the driver API says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emsp_adapter.driver_api.door import Scope

_MEANINGS: Mapping[Scope, str] = {
    Scope.LOCATIONS: "Find chargers and prices.",
    Scope.CHARGING: "Start, stop, reserve, follow a charge.",
    Scope.HISTORY: "Past charges, receipts, statements, statistics.",
    Scope.ACCOUNT: "Profile, cards, plan, payment, favourites, notifications.",
    Scope.PROBLEMS: "Report a problem.",
    Scope.SUPPORT: "Staff: unlock, answer problems, look up charges.",
}
# What an app may have that speaks for no driver.
ALONE = (Scope.LOCATIONS, Scope.SUPPORT)


def oauth2_scheme(public_url: str) -> dict[str, Any]:
    """The flows of an adapter that is reached at a URL, with what each scope is good for."""
    token_url = f"{public_url}/oauth/token"
    return {
        "type": "oauth2",
        "description": "Drivers sign in by the authorization code flow with PKCE (S256); an app"
        " that speaks for itself has its client credentials.",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": f"{public_url}/oauth/authorize",
                "tokenUrl": token_url,
                "refreshUrl": token_url,
                "scopes": {scope.value: meaning for scope, meaning in _MEANINGS.items()},
            },
            "clientCredentials": {
                "tokenUrl": token_url,
                "scopes": {scope.value: _MEANINGS[scope] for scope in ALONE},
            },
        },
    }
