"""What hung at a connector before, cards that may have been copied, and places for some alone."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_HUNG_TARIFFS = """
CREATE TABLE emsp.hung_tariffs (
    owner text NOT NULL,
    location_id text NOT NULL,
    evse_uid text NOT NULL,
    connector_id text NOT NULL,
    until timestamptz NOT NULL,
    tariff_ids text[] NOT NULL,
    CONSTRAINT hung_tariffs_pk PRIMARY KEY (owner, location_id, evse_uid, connector_id, until)
);
"""

_ALLOWED_TO = """
UPDATE emsp.places p SET allowed_to = n.names
FROM (
    SELECT l.owner, l.id, array_agg(DISTINCT
        lower(concat_ws(chr(10), named ->> 'type', named ->> 'uid', named ->> 'issuer'))) AS names
    FROM emsp.locations l
    CROSS JOIN jsonb_path_query(l.document, '$.publish_allowed_to[*] ? (@.uid != null)') AS named
    WHERE l.document -> 'publish' = 'false'
        AND named ->> 'visual_number' IS NULL AND named ->> 'group_id' IS NULL
    GROUP BY l.owner, l.id
) AS n
WHERE p.owner = n.owner AND p.location_id = n.id
"""

_UP = (
    _HUNG_TARIFFS,
    "ALTER TABLE emsp.tokens ADD COLUMN suspicion jsonb",
    "ALTER TABLE emsp.sessions ADD COLUMN told_at timestamptz NOT NULL DEFAULT now()",
    "CREATE INDEX authorizations_until_ix ON emsp.authorizations (until)",
    "CREATE INDEX cdrs_state_ix ON emsp.cdrs (state)",
    "ALTER TABLE emsp.places ADD COLUMN allowed_to text[] NOT NULL DEFAULT '{}'",
    _ALLOWED_TO,
    "CREATE INDEX places_allowed_to_ix ON emsp.places USING gin (allowed_to)"
    " WHERE allowed_to <> '{}'",
)
_DOWN = (
    "DROP INDEX emsp.places_allowed_to_ix",
    "ALTER TABLE emsp.places DROP COLUMN allowed_to",
    "DROP INDEX emsp.cdrs_state_ix",
    "DROP INDEX emsp.authorizations_until_ix",
    "ALTER TABLE emsp.sessions DROP COLUMN told_at",
    "ALTER TABLE emsp.tokens DROP COLUMN suspicion",
    "DROP TABLE emsp.hung_tariffs",
)


def upgrade() -> None:
    """Makes them."""
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    """Removes them."""
    for statement in _DOWN:
        op.execute(statement)
