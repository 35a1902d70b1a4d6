"""The tables of peering, for the metadata of an adapter; `ddl` has the same as SQL.

Folded keys: `party` and `receiver` are `Party.key` ("nl/cpo"); `id` and `sub` are lower-cased,
because CiStrings are compared without regard to case. The spelling as sent stands in the document.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

from ocpi_hub.node.columns import sealed


class Xid8(UserDefinedType[int]):
    """A 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def add_to(metadata: MetaData) -> None:
    """Makes the tables part of an adapter's schema."""
    peers = _peers(metadata)
    _peer_tokens(metadata, peers)
    _client_infos(metadata, peers)
    _published(metadata)
    _cursors(metadata)
    _parked(metadata)
    _handed_over(metadata)
    _announced(metadata)


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


def _words(name: str, default: str | None = None) -> Column[str]:
    given = None if default is None else text(f"'{default}'")
    return Column(name, Text, nullable=False, server_default=given)


def _moment(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True))


def _since(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()"))


def _list(name: str) -> Column[object]:
    return Column(name, JSONB, nullable=False, server_default=text("'[]'"))


def _peers(metadata: MetaData) -> Table:
    return Table(
        "peers",
        metadata,
        _key("id"),
        Column("name", Text, nullable=False, unique=True),
        # invited | registered | removed
        _words("status"),
        Column("version", Text),
        Column("versions_url", Text),
        # The token the peer issued to us, encrypted.
        sealed("token_out"),
        # [{identifier, role, url}]
        _list("endpoints"),
        # [{role, country_code, party_id, business_details}]
        _list("roles"),
        _list("quirks"),
        # CONNECTED | OFFLINE
        _words("presence", "OFFLINE"),
        _moment("presence_since"),
        _moment("last_seen"),
        # When the list of a hub's parties was read last; null: not since it registered.
        _moment("clients_read_at"),
        _since("created_at"),
        _moment("registered_at"),
        # The parties and roles an invitation is bound to, ["NL/TNM/CPO", …]; null: any free one.
        Column("bound_to", JSONB(none_as_null=True)),
    )


def _peer_tokens(metadata: MetaData, peers: Table) -> None:
    """Tokens that we issued, as hashes; see `registrations.TokenKind`."""
    Table(
        "peer_tokens",
        metadata,
        Column("hash", LargeBinary, primary_key=True),
        Column("peer_id", Text, ForeignKey(peers.c.id), nullable=False, index=True),
        _words("kind"),
        _moment("expires_at"),
    )


def _client_infos(metadata: MetaData, peers: Table) -> None:
    """Who is behind a hub, as it said last."""
    Table(
        "client_infos",
        metadata,
        Column("peer_id", Text, ForeignKey(peers.c.id), primary_key=True),
        _key("party"),
        _key("role"),
        _words("country_code"),
        _words("party_id"),
        _words("status"),
        Column("last_updated", DateTime(timezone=True), nullable=False),
        # When the hub said so, by our clock.
        _since("told_at"),
    )


def _published(metadata: MetaData) -> None:
    """What we own and offer as Sender, one row per object in its present state.

    `sub` is empty for a whole object. A Location has a row more for each EVSE whose status changed
    since, with the uid as `sub` and {status, last_updated} as document; a Token has its type.
    """
    order = Sequence("published_seq", metadata=metadata)
    published = Table(
        "published",
        metadata,
        _key("module"),
        _key("id"),
        Column("sub", Text, primary_key=True, server_default=text("''")),
        # The only party it is for: the eMSP of a Session or CDR. Empty: everybody.
        _words("receiver", ""),
        Column("document", JSONB, nullable=False),
        Column("last_updated", DateTime(timezone=True), nullable=False),
        Column("deleted", Boolean, nullable=False, server_default=text("false")),
        # The order of first appearance, by which lists are paged.
        Column("created", BigInteger, Identity(), nullable=False),
        # The order of changes: transactions in theirs, within one by number.
        Column("xid", Xid8(), nullable=False, server_default=text("pg_current_xact_id()")),
        Column("seq", BigInteger, nullable=False, server_default=order.next_value()),
    )
    columns = published.c
    Index("published_changes_ix", columns.module, columns.receiver, columns.xid, columns.seq)
    Index("published_listed_ix", columns.module, columns.created)


def _cursors(metadata: MetaData) -> None:
    """Up to where changes are told: what is for everybody per peer, the rest per party it is for.

    One of `peer_id` and `party` is empty.
    """
    Table(
        "cursors",
        metadata,
        _key("peer_id"),
        _key("party"),
        _key("module"),
        Column("xid", Xid8(), nullable=False, server_default=text("'0'")),
        Column("seq", BigInteger, nullable=False, server_default=text("0")),
    )


def _parked(metadata: MetaData) -> None:
    """What could not be told, with the reason; the cursor went on without it.

    What was refused waits for a person or a newer version, the rest is tried again at `retry_at`.
    """
    parked = Table(
        "parked",
        metadata,
        _key("peer_id"),
        _key("party"),
        _key("module"),
        _key("id"),
        _key("sub"),
        Column("code", Integer, nullable=False),
        _words("message"),
        Column("attempts", Integer, nullable=False, server_default=text("1")),
        _since("since"),
        _moment("retry_at"),
    )
    Index("parked_due_ix", parked.c.retry_at, postgresql_where=parked.c.retry_at.is_not(None))


def _handed_over(metadata: MetaData) -> None:
    """CDRs that their receiver took, by whom, and where it says they can be read."""
    Table(
        "handed_over",
        metadata,
        _key("id"),
        _words("peer_id"),
        Column("location", Text),
        _since("at"),
    )


def _announced(metadata: MetaData) -> None:
    """One row: who the service is and where it is reached, for commands, and that it runs."""
    Table(
        "announced",
        metadata,
        Column("only", Boolean, primary_key=True, server_default=text("true")),
        # As the process said that started last.
        Column("public_url", Text),
        _moment("alive_at"),
        # Null until the service is first worked with.
        Column("country_code", Text),
        Column("party_id", Text),
        Column("name", Text),
    )
