"""What is offered: locations, their EVSEs, which plug is which, and tariffs."""

from __future__ import annotations

from sqlalchemy import Index, Table

from cpo_adapter.store.tables.metadata import metadata
from ocpi_hub.node.columns import (
    amount,
    count,
    document,
    flag,
    key,
    moment,
    note,
    number_key,
    since,
    words,
)

# A Location as OCPI has it, without its EVSEs.
locations = Table(
    "locations",
    metadata,
    key("id"),
    document(),
    # The most its active sessions may draw together, in watts; null: no limit.
    amount("limit_watts"),
    since("last_updated"),
)

# An EVSE as OCPI has it, with its connectors, without status and last_updated.
evses = Table(
    "evses",
    metadata,
    key("uid"),
    words("location_id"),
    # Its place in the Location's list.
    count("position", 0),
    document(),
    # planned | live | removed; removed is for ever (OCPI knows no DELETE of an EVSE).
    words("lifecycle", "live"),
    # The OCPI status as derived, and since when.
    words("status", "UNKNOWN"),
    since("status_since"),
    # When the status has to be told, once it has stood still; null: it is told.
    moment("tell_at"),
    # The status that partners were told last; null: none yet.
    note("told"),
    # Strictly increasing, by the server's clock.
    since("last_updated"),
)
Index("evses_location_ix", evses.c.location_id)

# Which plug of which station is which connector: never parsed out of a name. In 1.6, which knows
# only connectors, evse = connector unless the station's connectors share one EVSE.
plugs = Table(
    "plugs",
    metadata,
    key("station_id"),
    number_key("evse"),
    number_key("connector"),
    words("evse_uid"),
    words("connector_id"),
    # Rated power in watts, for the checks on meter values; null: of the connector's document.
    amount("rated_watts"),
)
Index("plugs_evse_uid_ix", plugs.c.evse_uid)

tariffs = Table(
    "tariffs",
    metadata,
    key("id"),
    document(),
    flag("deleted"),
    since("last_updated"),
)

# Tokens of eMSPs, as they sent them; uid and type folded in the key.
tokens = Table(
    "tokens",
    metadata,
    # Party.key of the eMSP.
    key("owner"),
    key("uid"),
    key("type"),
    document(),
    since("last_updated"),
)
Index("tokens_uid_ix", tokens.c.uid)

# Tokens of the operator's own: staff, fleet.
local_tokens = Table(
    "local_tokens",
    metadata,
    # Folded.
    key("uid"),
    words("spelling"),
    # Accepted | Blocked | Expired
    words("status", "Accepted"),
    note("label"),
    since("created_at"),
)

# What goes to a station in place of a uid that is too long or not a card's.
aliases = Table(
    "aliases",
    metadata,
    # 20 capital hex characters.
    key("id_tag"),
    words("owner"),
    # The Token as it was given in START_SESSION or RESERVE_NOW.
    document("token"),
    note("authorization_reference"),
    note("command_id"),
    note("station_id"),
    since("created_at"),
    moment("expires_at"),
)
Index("aliases_owner_ix", aliases.c.owner)
