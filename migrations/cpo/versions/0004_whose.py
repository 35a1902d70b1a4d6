"""Whose data this is, and which parties a peer was invited for."""

from __future__ import annotations

from alembic import op

from ocpi_hub.peering.store import ddl

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns; an adapter that has published objects is their party."""
    for statement in ddl.WHOSE:
        op.execute(statement)


def downgrade() -> None:
    """Removes them."""
    for statement in ddl.DROP_WHOSE:
        op.execute(statement)
