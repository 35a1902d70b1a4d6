"""What tells two schemas of a database apart, by name."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection, text

from migrations import runner
from ocpi_hub.node.engine import open_unlimited

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


async def migrated_and_modelled(
    url: str, service: runner.Service
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """A migrated database's schema, and what the tables of the models make in its place."""
    async with open_unlimited(url, schema=service.schema) as conn:
        migrated = await conn.run_sync(partial(describe, schema=service.schema))
        return migrated, await conn.run_sync(partial(_made_from_the_models, service=service))


def _made_from_the_models(conn: Connection, service: runner.Service) -> list[tuple[str, ...]]:
    conn.execute(text(f"DROP SCHEMA {service.schema} CASCADE"))
    conn.execute(text(f"CREATE SCHEMA {service.schema}"))
    service.metadata.create_all(conn)
    return describe(conn, service.schema)


async def down_and_up(
    url: str, service: runner.Service
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]], list[tuple[str, ...]]]:
    """A migrated database's schema, that after going down to nothing, and that after coming up."""
    async with open_unlimited(url, schema=service.schema) as conn:
        before = await conn.run_sync(partial(describe, schema=service.schema))
        await conn.run_sync(partial(runner.downgrade, service=service, target="base"))
        between = await conn.run_sync(partial(describe, schema=service.schema))
        await conn.run_sync(partial(runner.upgrade, service=service))
        after = await conn.run_sync(partial(describe, schema=service.schema))
    return before, between, after


async def again_from(url: str, service: runner.Service, revision: str) -> None:
    """Down to a revision, and up again."""
    async with open_unlimited(url, schema=service.schema) as conn:
        await conn.run_sync(partial(runner.downgrade, service=service, target=revision))
        await conn.run_sync(partial(runner.upgrade, service=service))
