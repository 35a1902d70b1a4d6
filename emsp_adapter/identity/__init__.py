"""Who a driver is, and what apps may do in its name: an OAuth2 and OpenID Connect server with the
pages for signing up and in. authlib and joserfc decide, see `case` for how; docs/identity.md.
"""

from __future__ import annotations

from emsp_adapter.identity.application import PATHS, application, is_identity

__all__ = ["PATHS", "application", "is_identity"]
