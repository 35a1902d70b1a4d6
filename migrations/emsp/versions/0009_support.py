"""What support looks up: the charges at a charger."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SPOT = """
CREATE INDEX charges_spot_ix ON emsp.charges (party, lower(location_id), requested_at DESC, id);
"""


def upgrade() -> None:
    """Makes the index."""
    op.execute(_SPOT)


def downgrade() -> None:
    """Removes it."""
    op.execute("DROP INDEX emsp.charges_spot_ix")
