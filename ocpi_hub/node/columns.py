"""The kinds of column that services' tables have, and the names that constraints get."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


def metadata_of(schema: str) -> MetaData:
    """Empty metadata of a schema; indexes and constraints are named after table and columns."""
    return MetaData(
        schema=schema,
        naming_convention={
            "pk": "%(table_name)s_pk",
            "fk": "%(table_name)s_%(column_0_name)s_fk",
            "ix": "%(table_name)s_%(column_0_N_name)s_ix",
            "uq": "%(table_name)s_%(column_0_N_name)s_uq",
        },
    )


def key(name: str) -> Column[str]:
    """Text that is part of the primary key."""
    return Column(name, Text, primary_key=True)


def number_key(name: str) -> Column[int]:
    """A number that is part of the primary key and given, not counted."""
    return Column(name, Integer, primary_key=True, autoincrement=False)


def words(name: str, default: str | None = None) -> Column[str]:
    """Text that is always there."""
    given = None if default is None else text(f"'{default}'")
    return Column(name, Text, nullable=False, server_default=given)


def note(name: str) -> Column[str | None]:
    """Text that may be unknown."""
    return Column(name, Text)


def moment(name: str) -> Column[object]:
    """A moment that may not have come yet."""
    return Column(name, DateTime(timezone=True))


def since(name: str) -> Column[object]:
    """A moment, now unless given."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()"))


def document(name: str = "document") -> Column[object]:
    """A JSON object."""
    return Column(name, JSONB, nullable=False)


def details(name: str, empty: str = "{}") -> Column[object]:
    """JSON that is empty until something is known."""
    return Column(name, JSONB, nullable=False, server_default=text(f"'{empty}'"))


def amount(name: str) -> Column[object]:
    """An exact number that may be unknown."""
    return Column(name, Numeric)


def count(name: str, default: int | None = None) -> Column[int]:
    """A whole number that is always there."""
    given = None if default is None else text(str(default))
    return Column(name, Integer, nullable=False, server_default=given)


def flag(name: str, *, default: bool = False) -> Column[bool]:
    """Yes or no."""
    return Column(name, Boolean, nullable=False, server_default=text(str(default).lower()))


def sealed(name: str, *, nullable: bool = True) -> Column[bytes]:
    """A secret that is kept encrypted; `key rotate` finds it by this."""
    return Column(name, LargeBinary, nullable=nullable, info={"sealed": True})


def sealed_columns(metadata: MetaData) -> tuple[str, ...]:
    """Every column that is kept encrypted, as "peers.token_out"."""
    return tuple(
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if column.info.get("sealed")
    )
