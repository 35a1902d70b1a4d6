"""What drivers report through their eMSPs, and what the operator answers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Table, UniqueConstraint

from cpo_adapter.store.tables.metadata import metadata
from ocpi_hub.node.columns import flag, key, note, since, words

problems = Table(
    "problems",
    metadata,
    # By which operators call it.
    Column("number", BigInteger, Identity(), primary_key=True),
    # The eMSP (a Party.key) and the id that it gave the report, folded.
    words("owner"),
    words("id"),
    words("location_id"),
    note("evse_uid"),
    # The station behind the EVSE, where there is one.
    note("station_id"),
    # BROKEN | BLOCKED | OTHER
    words("kind"),
    words("text"),
    # open | answered | closed
    words("state", "open"),
    since("created_at"),
    since("updated_at"),
    UniqueConstraint("owner", "id"),
)
Index("problems_state_ix", problems.c.state, problems.c.number)

problem_answers = Table(
    "problem_answers",
    metadata,
    # The id that the eMSP knows it by.
    key("id"),
    Column(
        "problem", BigInteger, ForeignKey(problems.c.number, ondelete="CASCADE"), nullable=False
    ),
    words("operator"),
    words("text"),
    flag("closes"),
    since("at"),
)
Index("problem_answers_problem_ix", problem_answers.c.problem)
