"""What partners offer: Locations, EVSEs and Tariffs, and what a search looks at."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.types import UserDefinedType

from emsp_adapter.store.tables.metadata import metadata
from ocpi_hub.node.columns import (
    amount,
    count,
    details,
    document,
    flag,
    key,
    moment,
    note,
    since,
    words,
)


class Point(UserDefinedType[str]):
    """Postgres' own point."""

    cache_ok = True

    def get_col_spec(self, **_options: object) -> str:
        """Its name in SQL."""
        return "point"


def _stamp(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False)


def _texts(name: str) -> Column[object]:
    return Column(name, ARRAY(Text), nullable=False, server_default=text("'{}'"))


def _degrees(name: str) -> Column[object]:
    return Column(name, Double, nullable=False)


# Every id is folded, CiStrings ignore case; the document has it as it is spelled.
# A Location as OCPI has it, without its EVSEs.
locations = Table(
    "locations",
    metadata,
    key("owner"),
    key("id"),
    document(),
    _stamp("last_updated"),
    postgresql_with={"fillfactor": "70"},
)

# An EVSE as OCPI has it, with its connectors.
evses = Table(
    "evses",
    metadata,
    key("owner"),
    key("location_id"),
    key("uid"),
    document(),
    # Its place in the Location's list.
    count("position"),
    # Left out of the last PUT of the Location: kept, not served.
    flag("absent"),
    words("status"),
    # Of its connectors, in their order, and every tariff that they name.
    _texts("standards"),
    Column("watts", ARRAY(Integer), nullable=False, server_default=text("'{}'")),
    _texts("tariff_ids"),
    _stamp("last_updated"),
    postgresql_with={"fillfactor": "70"},
)

tariffs = Table(
    "tariffs",
    metadata,
    key("owner"),
    key("id"),
    document(),
    # The least that a kWh costs, with VAT; null: energy has no price of its own.
    amount("kwh_price"),
    words("currency"),
    moment("starts_at"),
    moment("ends_at"),
    moment("deleted_at"),
    # Up to which Location its price was taken over; null: everywhere.
    note("spread_to"),
    _stamp("last_updated"),
)
Index(
    "tariffs_spread_to_ix",
    tariffs.c.spread_to,
    postgresql_where=tariffs.c.spread_to.is_not(None),
)

# Every version that was accepted: a charge is priced with the one its driver saw.
tariff_versions = Table(
    "tariff_versions",
    metadata,
    key("owner"),
    key("id"),
    Column("seq", BigInteger, Identity(), primary_key=True),
    document(),
    _stamp("last_updated"),
    since("received_at"),
)

# What hung at a connector up to a moment, when something else was hung there or it went: a charge
# is priced with what its driver saw. What hangs there now stands in its EVSE.
hung_tariffs = Table(
    "hung_tariffs",
    metadata,
    key("owner"),
    key("location_id"),
    key("evse_uid"),
    key("connector_id"),
    Column("until", DateTime(timezone=True), primary_key=True),
    Column("tariff_ids", ARRAY(Text), nullable=False),
)

# Opening hours as they differ, few of them for many places: which are open now is asked of each.
opening_hours = Table(
    "opening_hours",
    metadata,
    # A digest of what follows.
    key("id"),
    document(),
    words("time_zone"),
)

# What a search looks at: a row for each Location, made anew with every change of it, of its EVSEs
# and of the prices of its tariffs.
places = Table(
    "places",
    metadata,
    key("owner"),
    key("location_id"),
    # The public id: NL*CPO*LOC1.
    words("key"),
    note("name"),
    words("address"),
    words("city"),
    note("postal_code"),
    words("country"),
    words("operator"),
    _degrees("lat"),
    _degrees("lon"),
    # In metres of the Mercator projection, which keeps angles: who is nearest in it is nearest.
    Column("position", Point(), nullable=False),
    # What is searched for by text.
    Column("words", TSVECTOR, nullable=False),
    flag("published"),
    # The names of tokens, their type, uid and maybe issuer, a line each: their owners are shown it
    # though it is not published.
    _texts("allowed_to"),
    # Whether a search may find it: published, and with an EVSE.
    flag("listed"),
    count("evses", 0),
    count("free", 0),
    _texts("plugs"),
    Column("max_watts", Integer),
    # [{"standard", "watts", "free"}], one for each kind of plug.
    details("offers", "[]"),
    _texts("tariff_ids"),
    moment("status_at"),
    # The least that a kWh costs, with VAT, and until when that holds.
    amount("kwh_price"),
    note("currency"),
    moment("priced_until"),
    # null: the CPO does not say.
    note("hours"),
    postgresql_with={"fillfactor": "70"},
)
Index(
    "places_position_ix",
    places.c.position,
    postgresql_using="gist",
    postgresql_where=places.c.listed,
)
Index("places_words_ix", places.c.words, postgresql_using="gin")
Index("places_plugs_ix", places.c.plugs, postgresql_using="gin")
Index("places_tariff_ids_ix", places.c.tariff_ids, postgresql_using="gin")
Index(
    "places_priced_until_ix",
    places.c.priced_until,
    postgresql_where=places.c.priced_until.is_not(None),
)
Index(
    "places_allowed_to_ix",
    places.c.allowed_to,
    postgresql_using="gin",
    postgresql_where=text("allowed_to <> '{}'"),
)
Index("places_hours_ix", places.c.hours, postgresql_where=places.c.hours.is_not(None))
