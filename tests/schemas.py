"""What tells two schemas of a database apart, by name."""

from __future__ import annotations

from sqlalchemy import Connection, text

_DESCRIPTION = text("""
SELECT 'column', table_name || '.' || column_name,
    concat_ws(' ', udt_name, is_nullable, column_default, identity_generation)
FROM information_schema.columns
WHERE table_schema = :schema AND table_name <> 'alembic_version'
UNION ALL
SELECT 'index', indexname, indexdef FROM pg_indexes
WHERE schemaname = :schema AND tablename <> 'alembic_version'
UNION ALL
SELECT 'constraint', conname, pg_get_constraintdef(c.oid)
FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
WHERE n.nspname = :schema AND contype <> 'n' AND conname NOT LIKE 'alembic%'
UNION ALL
SELECT 'storage', relname, reloptions::text FROM pg_class
WHERE relnamespace = CAST(:schema AS regnamespace) AND reloptions IS NOT NULL
ORDER BY 1, 2
""")


def describe(conn: Connection, schema: str) -> list[tuple[str, ...]]:
    """Every column, index, constraint and storage option of a schema, in order."""
    return [tuple(row) for row in conn.execute(_DESCRIPTION, {"schema": schema})]
