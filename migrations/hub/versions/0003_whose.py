"""Whose data this is: the hub's party and name stay with it."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns."""
    op.execute(
        "ALTER TABLE hub.state ADD COLUMN country_code text, ADD COLUMN party_id text,"
        " ADD COLUMN name text"
    )


def downgrade() -> None:
    """Removes them."""
    op.execute(
        "ALTER TABLE hub.state DROP COLUMN name, DROP COLUMN party_id, DROP COLUMN country_code"
    )
