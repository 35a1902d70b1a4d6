"""What Alembic runs to reach a database: migrations.runner hands over connection and service."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.sql.ddl import CreateSchema

from migrations.runner import Service

# Any number nobody else locks: two processes that migrate at once take turns.
_LOCK = 6274221


def run(connection: Connection, service: Service) -> None:
    """Runs the revisions that the command asked for, in the caller's transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    # A lock on a table in use is given up soon, so that writers do not queue behind it.
    connection.execute(text("SET LOCAL lock_timeout = '2s'"))
    connection.execute(CreateSchema(service.schema, if_not_exists=True))
    context.configure(
        connection=connection,
        target_metadata=service.metadata,
        version_table_schema=service.schema,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"], context.config.attributes["service"])
