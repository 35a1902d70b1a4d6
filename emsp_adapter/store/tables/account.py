"""What drivers keep and are told: favourites, settings, notifications, problems; and the requests
that are done once."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from emsp_adapter.store.tables.drivers import drivers
from emsp_adapter.store.tables.metadata import metadata
from ocpi_hub.node.columns import count, details, document, key, moment, note, sealed, since, words


def _driver(*, primary_key: bool = False) -> Column[str]:
    """Whose it is; gone with its driver."""
    owner = ForeignKey(drivers.c.id, ondelete="CASCADE")
    return Column("driver_id", Text, owner, primary_key=primary_key, nullable=False)


favourites = Table(
    "favourites",
    metadata,
    _driver(primary_key=True),
    # The public id of a location.
    key("location"),
    since("created_at"),
)

# What a driver wants to hear by e-mail ({kind: yes or no}) and where its own webhook is.
notification_settings = Table(
    "notification_settings",
    metadata,
    _driver(primary_key=True),
    details("email"),
    note("webhook_url"),
    sealed("webhook_secret"),
)

# What happened that a driver may want to hear of, once for each subject.
notifications = Table(
    "notifications",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _driver(),
    words("kind"),
    words("subject_id"),
    details("facts"),
    since("at"),
    # When e-mail and webhook were put into the outbox.
    moment("told_at"),
    UniqueConstraint("driver_id", "kind", "subject_id"),
)
Index(
    "notifications_untold_ix",
    notifications.c.id,
    postgresql_where=notifications.c.told_at.is_(None),
)

# Mails and calls of webhooks that are owed; a row is gone when it has arrived or is given up.
outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    # mail | webhook
    words("channel"),
    # An e-mail address, or a URL.
    words("address"),
    document(),
    # What a webhook is signed with.
    sealed("secret"),
    # Whose webhook it is; null for a mail, which may go to somebody who is no driver yet.
    Column("driver_id", Text, ForeignKey(drivers.c.id, ondelete="CASCADE"), index=True),
    since("created_at"),
    Column("next_at", DateTime(timezone=True), nullable=False),
    count("attempts", 0),
    note("failure"),
)
Index("outbox_due_ix", outbox.c.next_at)

problems = Table(
    "problems",
    metadata,
    key("id"),
    _driver(),
    # broken | blocked | payment | app | other
    words("kind"),
    words("text"),
    # open | with_operator | answered | closed
    words("state", "open"),
    # Where, as the driver said it: the public id of a location and an EVSE of it.
    note("location"),
    note("evse_uid"),
    note("charge_id"),
    # Whom it was offered to, a Party.key, and why it is not with them.
    note("operator"),
    note("refusal"),
    since("created_at"),
    since("updated_at"),
)
Index("problems_driver_ix", problems.c.driver_id, problems.c.created_at)
Index("problems_state_ix", problems.c.state, problems.c.created_at)

problem_answers = Table(
    "problem_answers",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("problem_id", Text, ForeignKey(problems.c.id, ondelete="CASCADE"), nullable=False),
    # The operator's own id of its answer, by which a repetition is known.
    note("operator_id"),
    # support | operator | driver
    words("said_by"),
    words("text"),
    since("at"),
    UniqueConstraint("problem_id", "operator_id"),
)

# `owner` is a driver, or the code that a guest scanned.
idempotent_requests = Table(
    "idempotent_requests",
    metadata,
    key("owner"),
    key("key"),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("claimed_at", DateTime(timezone=True), nullable=False, index=True),
    # Without them it is being worked on. An answer may hold an access token.
    Column("status", SmallInteger),
    sealed("answer"),
)
