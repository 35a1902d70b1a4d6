"""Every table of the hub, as SQLAlchemy Core; the migrations in migrations/hub make the same.

Folded keys: `owner`, `receiver`, `emsp` are `Party.key` ("nl/cpo"); `id` and `sub` are lower-cased,
because CiStrings are compared without regard to case. The spelling as sent stands in the document.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Sequence,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import UserDefinedType

SCHEMA = "hub"


class Xid8(UserDefinedType[int]):
    """A 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(column_0_name)s_fk",
        "ix": "%(table_name)s_%(column_0_N_name)s_ix",
        "uq": "%(table_name)s_%(column_0_N_name)s_uq",
    },
)

# The order of changes within a transaction; between transactions it is (xid, seq).
CHANGE_SEQ = Sequence("change_seq", metadata=metadata)

_NOW = text("now()")


def _moment(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _since(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=_NOW)


# One row. `registry_version` grows with every change of platforms, parties, agreements or
# presence; `system_identifier` tells a restored copy from the original cluster.
state = Table(
    "state",
    metadata,
    Column("only", Boolean, primary_key=True, server_default=text("true")),
    Column("registry_version", BigInteger, nullable=False, server_default=text("0")),
    Column("system_identifier", Text),
    _moment("alive_at", nullable=True),
    # Where partners reach the hub, as the process said that started last.
    Column("public_url", Text),
    # Records of exchanges that were not written, of all processes.
    Column("dropped_records", BigInteger, nullable=False, server_default=text("0")),
    # Who the hub is; null until it is first worked with.
    Column("country_code", Text),
    Column("party_id", Text),
    Column("name", Text),
)

platforms = Table(
    "platforms",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    # invited | registered | suspended | removed
    Column("status", Text, nullable=False),
    # The parties and roles an invitation is bound to, ["NL/TNM/CPO", …]; null: any free one.
    Column("bound_to", JSONB(none_as_null=True)),
    Column("version", Text),
    Column("versions_url", Text),
    # The credentials token the platform issued to the hub, encrypted.
    Column("token_out", LargeBinary),
    # [{"identifier", "role", "url"}, …] as fetched at registration.
    Column("endpoints", JSONB, nullable=False, server_default=text("'[]'")),
    Column("quirks", JSONB, nullable=False, server_default=text("'[]'")),
    # CONNECTED | OFFLINE, of registered platforms
    Column("presence", Text, nullable=False, server_default=text("'OFFLINE'")),
    _moment("presence_since", nullable=True),
    _moment("last_seen", nullable=True),
    _since("created_at"),
    _moment("registered_at", nullable=True),
)

credentials_tokens = Table(
    "credentials_tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column(
        "platform_id",
        Text,
        ForeignKey(platforms.c.id, ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    # A: invitation; B: handed over in an exchange that the hub began; C: registered;
    # P: provisional, issued in answer to a PUT and not yet used.
    Column("kind", Text, nullable=False),
    _since("created_at"),
    # An invitation's end, or the moment a replaced token stops working.
    _moment("expires_at", nullable=True),
)

parties = Table(
    "parties",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("country_code", Text, nullable=False),
    Column("party_id", Text, nullable=False),
    Column(
        "platform_id",
        Text,
        ForeignKey(platforms.c.id, ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("business_details", JSONB, nullable=False, server_default=text("'{}'")),
    # A party dropped by a PUT credentials stays, suspended.
    Column("suspended", Boolean, nullable=False, server_default=text("false")),
    _since("last_updated"),
)

agreements = Table(
    "agreements",
    metadata,
    # The two owners in alphabetical order: an agreement is symmetrical.
    Column("first", Text, primary_key=True),
    Column("second", Text, primary_key=True),
    Column("module", Text, primary_key=True),
    _since("since"),
    _moment("ended_at", nullable=True),
)

# What happens to a CDR between two parties that does not cost what it claims; absent: observe.
clearing_modes = Table(
    "clearing_modes",
    metadata,
    # As in agreements, and for pairs that need none too.
    Column("first", Text, primary_key=True),
    Column("second", Text, primary_key=True),
    Column("mode", Text, nullable=False),  # observe | hold | reject
)

# The current state of every client-owned object that was broadcast or pulled. A Location's row is
# without its EVSEs; each EVSE has a row with sub = its uid. The owner comes third in the key, so
# that a look-up by id alone, whoever the owner is, has an index too.
catalogue = Table(
    "catalogue",
    metadata,
    Column("module", Text, primary_key=True),  # locations | tariffs | tokens
    Column("id", Text, primary_key=True),
    Column("owner", Text, primary_key=True),
    # '' for a Location and a Tariff, the uid of an EVSE, the type of a Token.
    Column("sub", Text, primary_key=True),
    Column("document", JSONB, nullable=False),
    # 0 for what a list serves, 1, 2, … for the EVSEs of a Location.
    Column("position", Integer, nullable=False, server_default=text("0")),
    # An EVSE left out of a PUT Location, a Tariff that was deleted: kept, not served.
    Column("absent", Boolean, nullable=False, server_default=text("false")),
    Column("last_updated", DateTime(timezone=True), nullable=False),
    _since("received_at"),
    Column("correlation_id", Text, nullable=False),
    Column("xid", Xid8(), nullable=False, server_default=text("pg_current_xact_id()")),
    Column("seq", BigInteger, nullable=False, server_default=CHANGE_SEQ.next_value()),
    # Of an EVSE: its last change beyond status and last_updated.
    Column("full_xid", Xid8(), nullable=False, server_default=text("pg_current_xact_id()")),
    Column("full_seq", BigInteger, nullable=False, server_default=text("0")),
    # The order of GET All: by first arrival.
    Column("created", BigInteger, Identity(), nullable=False),
    postgresql_with={
        "fillfactor": "70",
        # By row count: a fifth of ten million rows would be a long wait for a vacuum.
        "autovacuum_vacuum_scale_factor": "0",
        "autovacuum_vacuum_threshold": "20000",
        "autovacuum_analyze_scale_factor": "0",
        "autovacuum_analyze_threshold": "20000",
        "autovacuum_vacuum_insert_scale_factor": "0",
        "autovacuum_vacuum_insert_threshold": "20000",
    },
)
Index("catalogue_changes_ix", catalogue.c.module, catalogue.c.xid, catalogue.c.seq)
# What a list serves, in its order; an EVSE's update does not touch it.
Index(
    "catalogue_list_ix",
    catalogue.c.module,
    catalogue.c.created,
    postgresql_include=["owner"],
    postgresql_where=text("position = 0 AND NOT absent"),
)
# The date filters of a list, EVSEs included: they raise their Location's last_updated.
Index(
    "catalogue_last_updated_ix",
    catalogue.c.module,
    catalogue.c.last_updated,
    postgresql_where=text("NOT absent"),
)

tariff_versions = Table(
    "tariff_versions",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("seq", BigInteger, Identity(), primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("last_updated", DateTime(timezone=True), nullable=False),
    _since("received_at"),
)

time_zones = Table(
    "time_zones",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("location_id", Text, primary_key=True),
    Column("since", DateTime(timezone=True), primary_key=True, server_default=_NOW),
    Column("time_zone", Text, nullable=False),
)

# How far each receiving party has seen each module.
cursors = Table(
    "cursors",
    metadata,
    Column("receiver", Text, primary_key=True),
    Column("module", Text, primary_key=True),
    Column("xid", Xid8(), nullable=False),
    Column("seq", BigInteger, nullable=False),
    _since("moved_at"),
)

# Which process sends to a receiver. A moved epoch tells a sleeper that its lease is gone.
leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False, server_default=text("0")),
    Column("until", DateTime(timezone=True), nullable=False),
)

# A walk over everything of one owner for a receiver that may newly see it.
backfills = Table(
    "backfills",
    metadata,
    Column("receiver", Text, primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("module", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, server_default=text("0")),
    _since("since"),
)

# The start of the last complete crawl of each party's lists.
pulls = Table(
    "pulls",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("module", Text, primary_key=True),
    Column("begun_at", DateTime(timezone=True), nullable=False),
)

# What a receiver refused.
parked = Table(
    "parked",
    metadata,
    Column("receiver", Text, primary_key=True),
    Column("module", Text, primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("sub", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("1")),
    Column("correlation_id", Text, nullable=False),
    _since("since"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("emsp", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("last_updated", DateTime(timezone=True), nullable=False),
    _since("received_at"),
    Column("created", BigInteger, Identity(), nullable=False),
    # Every status it was seen in, in order: that it was reserved, and whether it charged then.
    Column("statuses", ARRAY(Text), nullable=False, server_default=text("'{}'")),
)
# A list of sessions always has date_from (2.2.1 sessions, Request Parameters).
Index("sessions_emsp_ix", sessions.c.emsp, sessions.c.last_updated)
Index("sessions_owner_ix", sessions.c.owner, sessions.c.last_updated)
Index("sessions_id_ix", sessions.c.id)

cdrs = Table(
    "cdrs",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    # The unguessable part of the Location the hub answers with.
    Column("reference", Text, nullable=False, unique=True),
    Column("emsp", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("last_updated", DateTime(timezone=True), nullable=False),
    _since("received_at"),
    Column("created", BigInteger, Identity(), nullable=False),
    Column("correlation_id", Text, nullable=False),
    # held | delivered | refused | dead | withheld
    Column("state", Text, nullable=False, server_default=text("'held'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    # Null: nobody pushes it, its receiver has no cdrs Receiver interface and GETs it.
    _moment("next_at", nullable=True),
    # The start of the 30 days of attempts; a replay starts them anew.
    _since("held_since"),
    # Where the receiver keeps it, from its Location header.
    Column("location", Text),
    # The receiver's refusal: its OCPI code and message.
    Column("answer_code", Integer),
    Column("answer_message", Text),
    _moment("delivered_at", nullable=True),
    # What CDRs are compared by, folded; out of the bytes.
    Column("session_id", Text),
    Column("token_uid", Text),
    Column("location_id", Text),
    _moment("started_at", nullable=True),
    _moment("ended_at", nullable=True),
    Column("credit", Boolean, nullable=False, server_default=text("false")),
    Column("credit_of", Text),
    # Since when its receiver does not see it, because clearing found something; null: it does.
    _moment("withheld_at", nullable=True),
)
Index("cdrs_emsp_ix", cdrs.c.emsp, cdrs.c.created)
Index("cdrs_owner_ix", cdrs.c.owner, cdrs.c.created)
# A returning party asks for what is new.
Index("cdrs_emsp_updated_ix", cdrs.c.emsp, cdrs.c.last_updated)
Index("cdrs_owner_updated_ix", cdrs.c.owner, cdrs.c.last_updated)
Index("cdrs_due_ix", cdrs.c.emsp, cdrs.c.next_at, postgresql_where=text("state = 'held'"))

Index(
    "cdrs_session_ix",
    cdrs.c.owner,
    cdrs.c.session_id,
    postgresql_where=text("session_id IS NOT NULL"),
)
Index(
    "cdrs_credit_ix",
    cdrs.c.owner,
    cdrs.c.credit_of,
    postgresql_where=text("credit_of IS NOT NULL"),
)
Index("cdrs_token_ix", cdrs.c.emsp, cdrs.c.token_uid, cdrs.c.started_at)

# What a CDR should cost, beside it; a CDR without a row has not been priced yet.
clearings = Table(
    "clearings",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    # As the CPO spells it.
    Column("cdr_id", Text, nullable=False),
    Column("emsp", Text, nullable=False),
    Column("session_id", Text),
    # Null for #NA; without an end it is settled by its start, or by its last_updated.
    _moment("session_start", nullable=True),
    _moment("session_end"),
    # match | rounding | mismatch | unverifiable | not_comparable | error
    Column("verdict", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    # [{"code", "field", "message"}, …]
    Column("flags", JSONB, nullable=False, server_default=text("'[]'")),
    # Null where pricing failed. An explanation keeps the order it was written in.
    Column("clearing", JSONB(none_as_null=True)),
    Column("explanation", JSON(none_as_null=True)),
    # What a list shows of it, without what makes one long.
    Column("brief", JSON(none_as_null=True)),
    # What the CDR claims, with its sign: a Credit CDR's amounts are negative.
    Column("currency", Text, nullable=False),
    Column("energy", Numeric, nullable=False),
    Column("excl_vat", Numeric, nullable=False),
    Column("incl_vat", Numeric),
    # The same by rate, [{"rate", "excl_vat", "vat"}, …], see pricing.vat.
    Column("vat", JSONB, nullable=False, server_default=text("'[]'")),
    Column("credit", Boolean, nullable=False, server_default=text("false")),
    Column("credit_of", Text),
    # What it was priced with: {"source", "tariffs"}, a time zone, what became of a reservation.
    Column("tariff", JSONB(none_as_null=True)),
    Column("time_zone", Text),
    Column("reservation_outcome", Text),
    Column("engine", Text, nullable=False),
    _since("cleared_at"),
    Column("last_updated", DateTime(timezone=True), nullable=False),
    Column("created", BigInteger, Identity(), nullable=False),
    ForeignKeyConstraint(
        ["owner", "id"],
        [cdrs.c.owner, cdrs.c.id],
        name="clearings_owner_id_fk",
        ondelete="CASCADE",
    ),
)
Index("clearings_emsp_ix", clearings.c.emsp, clearings.c.created)
Index("clearings_owner_ix", clearings.c.owner, clearings.c.created)
Index("clearings_emsp_updated_ix", clearings.c.emsp, clearings.c.last_updated)
Index("clearings_owner_updated_ix", clearings.c.owner, clearings.c.last_updated)
# A settlement: one pair, one month.
Index("clearings_pair_ix", clearings.c.owner, clearings.c.emsp, clearings.c.session_end)

disputes = Table(
    "disputes",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("cdr_id", Text, nullable=False),
    Column("opened_by", Text, nullable=False),  # a party, or 'hub'
    Column("reason", Text, nullable=False),
    _since("opened_at"),
    # open | settled | withdrawn
    Column("state", Text, nullable=False, server_default=text("'open'")),
    _moment("settled_at", nullable=True),
    Column("note", Text),
    ForeignKeyConstraint(
        ["owner", "cdr_id"],
        [cdrs.c.owner, cdrs.c.id],
        name="disputes_owner_cdr_id_fk",
        ondelete="CASCADE",
    ),
)
Index("disputes_cdr_ix", disputes.c.owner, disputes.c.cdr_id)
Index(
    "disputes_open_uq",
    disputes.c.owner,
    disputes.c.cdr_id,
    unique=True,
    postgresql_where=text("state = 'open'"),
)

# Every authorization_reference an eMSP gave out, with whom it was given to and for what.
authorizations = Table(
    "authorizations",
    metadata,
    Column("emsp", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("cpo", Text, primary_key=True),
    Column("token_uid", Text, primary_key=True),
    Column("location_id", Text),
    Column("granted_at", DateTime(timezone=True), nullable=False, server_default=_NOW, index=True),
)

# What became of each RESERVE_NOW, as far as the hub saw it; a CDR cannot say it.
reservations = Table(
    "reservations",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("emsp", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("token_uid", Text, nullable=False),
    Column("location_id", Text, nullable=False),
    Column("authorization_reference", Text),
    _moment("asked_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    # The X-Correlation-IDs of RESERVE_NOW and CANCEL_RESERVATION: their results come later.
    Column("reserved_by", Text, nullable=False),
    Column("cancelled_by", Text),
    _moment("refused_at", nullable=True),
    _moment("cancelled_at", nullable=True),
)
Index(
    "reservations_token_ix",
    reservations.c.owner,
    reservations.c.emsp,
    reservations.c.token_uid,
)

# A second CDR under an id that was taken, with other content: refused and kept as evidence.
cdr_conflicts = Table(
    "cdr_conflicts",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("sha256", LargeBinary, primary_key=True),
    Column("raw", LargeBinary, nullable=False),
    Column("correlation_id", Text, nullable=False),
    _since("received_at"),
)

# Our URL in place of another's: a response_url, a next page, a CDR's Location.
proxies = Table(
    "proxies",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # result | page
    Column("url", Text, nullable=False),
    # Whose URL it is, and who may call ours in its place.
    Column("target_platform", Text, nullable=False),
    Column("caller_platform", Text, nullable=False),
    # The parties of the original request: from_ asked, to was asked.
    Column("from_", Text, nullable=False),
    Column("to", Text, nullable=False),
    Column("module", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    # A command's URL takes one result; a page and a reservation's URL more.
    Column("once", Boolean, nullable=False, server_default=text("false")),
    _moment("used_at", nullable=True),
    _since("created_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
)

# Every leg of every message, for `trace`; written in batches, kept for days.
exchanges = Table(
    "exchanges",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("correlation_id", Text, nullable=False, index=True),
    Column("request_id", Text, nullable=False),
    Column("leg", SmallInteger, nullable=False),  # 0 to the hub, 1 from the hub
    Column("platform_id", Text),
    Column("module", Text, nullable=False),
    Column("interface", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("sender", Text),
    Column("receiver", Text),
    Column("http_status", Integer),
    Column("status_code", Integer),
    Column("message", Text),
    Column("milliseconds", Integer, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _since("at"),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'")),
)
