"""What drivers asked for."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_CHARGES = """
CREATE TABLE emsp.charges (
    id text NOT NULL,
    driver_id text NOT NULL,
    source text NOT NULL,
    state text NOT NULL,
    party text NOT NULL,
    location_id text NOT NULL,
    evse_uid text NOT NULL,
    connector_id text,
    place jsonb NOT NULL,
    token_uid text,
    payment_method text,
    session_id text,
    requested_at timestamptz NOT NULL DEFAULT now(),
    start_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    deadline timestamptz,
    reason text,
    kwh numeric,
    power_kw numeric,
    state_of_charge numeric,
    measured_at timestamptz,
    profile jsonb,
    preferences jsonb,
    disputed boolean NOT NULL DEFAULT false,
    release_due boolean NOT NULL DEFAULT false,
    stop_due boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT charges_pk PRIMARY KEY (id),
    CONSTRAINT charges_driver_id_fk FOREIGN KEY (driver_id) REFERENCES emsp.drivers (id)
);
CREATE INDEX charges_driver_id_requested_at_ix
    ON emsp.charges (driver_id, requested_at DESC, id);
CREATE UNIQUE INDEX charges_session_id_uq
    ON emsp.charges (party, lower(session_id)) WHERE session_id IS NOT NULL;
CREATE INDEX charges_start_at_ix ON emsp.charges (start_at) WHERE state = 'scheduled';
CREATE INDEX charges_deadline_ix ON emsp.charges (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX charges_release_due_ix ON emsp.charges (id) WHERE release_due;
CREATE INDEX charges_stop_due_ix ON emsp.charges (id) WHERE stop_due;
CREATE INDEX charges_open_ix
    ON emsp.charges (party, lower(location_id), lower(evse_uid))
    WHERE state IN ('scheduled', 'starting', 'charging', 'stopping');
"""

_RESERVATIONS = """
CREATE TABLE emsp.reservations (
    id text NOT NULL,
    driver_id text NOT NULL,
    state text NOT NULL,
    party text NOT NULL,
    location_id text NOT NULL,
    evse_uid text NOT NULL,
    place jsonb NOT NULL,
    token_uid text NOT NULL,
    session_id text,
    until timestamptz NOT NULL,
    deadline timestamptz,
    reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT reservations_pk PRIMARY KEY (id),
    CONSTRAINT reservations_driver_id_fk FOREIGN KEY (driver_id) REFERENCES emsp.drivers (id)
);
CREATE INDEX reservations_driver_id_created_at_ix
    ON emsp.reservations (driver_id, created_at DESC, id);
CREATE INDEX reservations_until_ix
    ON emsp.reservations (until) WHERE state IN ('requested', 'confirmed');
"""

_COMMANDS = """
CREATE TABLE emsp.commands (
    id text NOT NULL,
    kind text NOT NULL,
    party text NOT NULL,
    charge_id text,
    reservation_id text,
    request jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'sent',
    response text,
    result text,
    message text,
    sent_at timestamptz NOT NULL DEFAULT now(),
    deadline timestamptz,
    answered_at timestamptz,
    CONSTRAINT commands_pk PRIMARY KEY (id),
    CONSTRAINT commands_charge_id_fk FOREIGN KEY (charge_id) REFERENCES emsp.charges (id),
    CONSTRAINT commands_reservation_id_fk FOREIGN KEY (reservation_id)
        REFERENCES emsp.reservations (id)
);
CREATE INDEX commands_charge_id_ix ON emsp.commands (charge_id);
CREATE INDEX commands_reservation_id_ix ON emsp.commands (reservation_id);
"""

_PLUG_CODES = """
CREATE TABLE emsp.plug_codes (
    code text NOT NULL,
    party text NOT NULL,
    location_id text NOT NULL,
    evse_uid text NOT NULL,
    connector_id text NOT NULL,
    CONSTRAINT plug_codes_pk PRIMARY KEY (code),
    CONSTRAINT plug_codes_party_location_id_evse_uid_connector_id_uq
        UNIQUE (party, location_id, evse_uid, connector_id)
);
"""

_GUESTS = """
CREATE TABLE emsp.guests (
    driver_id text NOT NULL,
    email text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT guests_pk PRIMARY KEY (driver_id),
    CONSTRAINT guests_driver_id_fk FOREIGN KEY (driver_id)
        REFERENCES emsp.drivers (id) ON DELETE CASCADE
);
"""

_TABLES = (_CHARGES, _RESERVATIONS, _COMMANDS, _PLUG_CODES, _GUESTS)


def upgrade() -> None:
    """Makes the tables."""
    for table in _TABLES:
        op.execute(table)


def downgrade() -> None:
    """Removes them, the newest first."""
    for table in ("guests", "plug_codes", "commands", "reservations", "charges"):
        op.execute(f"DROP TABLE emsp.{table}")
