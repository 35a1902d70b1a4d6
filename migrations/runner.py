"""Runs the revisions of one service over a connection: up, down, and where a database stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect

_HERE = Path(__file__).parent
# Where alembic notes the revision of a schema.
_VERSIONS = "alembic_version"


@dataclass(frozen=True, slots=True)
class Service:
    """Whose revisions: the folder `migrations/<name>/versions`, and the tables they make."""

    name: str
    metadata: MetaData

    @property
    def schema(self) -> str:
        """The Postgres schema all its tables are in."""
        if self.metadata.schema is None:
            raise ValueError(f"the tables of {self.name} name no schema")
        return self.metadata.schema


def upgrade(connection: Connection, service: Service, *, target: str = "head") -> None:
    """Brings the schema up to `target`."""
    command.upgrade(_config(service, connection), target)


def downgrade(connection: Connection, service: Service, *, target: str) -> None:
    """Takes the schema down to `target`; `base` removes every table."""
    command.downgrade(_config(service, connection), target)


def current(connection: Connection, service: Service) -> str | None:
    """The revision the database is at; None when it has never been migrated."""
    options = {"version_table_schema": service.schema}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def others(connection: Connection, service: Service) -> list[str]:
    """The schemas of other services in the same database."""
    there = inspect(connection)
    return [
        schema
        for schema in there.get_schema_names()
        if schema != service.schema and there.has_table(_VERSIONS, schema=schema)
    ]


def revisions(service: Service) -> list[str]:
    """Every revision this version of the program knows, newest first."""
    scripts = ScriptDirectory.from_config(_config(service))
    return [script.revision for script in scripts.walk_revisions()]


def _config(service: Service, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", _escaped(_HERE))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", _escaped(_HERE / service.name / "versions"))
    config.attributes.update(connection=connection, service=service)
    return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
