"""The tables of peers: who is connected, what is offered to them, and who has seen it."""

from __future__ import annotations

from alembic import op

from ocpi_hub.peering.store import ddl

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables that both adapters have, in the adapter's own schema."""
    for statement in ddl.CREATE:
        op.execute(statement)


def downgrade() -> None:
    """Removes them, the newest first."""
    for statement in ddl.DROP:
        op.execute(statement)
