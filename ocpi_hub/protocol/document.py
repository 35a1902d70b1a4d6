"""docs/modules.md out of the module table: `python -m ocpi_hub.protocol.document` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from ocpi_hub.protocol.modules import OPERATIONS, Kind, Operation, clearing_operations
from ocpi_hub.protocol.roles import Role

_HEAD = """# Modules

Every operation of OCPI 2.2.1 that is served here, as it stands in `ocpi_hub/protocol/modules.py`;
`make docs` makes this page from there.

Paths come after the endpoint, which is `…/ocpi/{sender|receiver}/2.2.1/{module}` for functional
modules and `…/ocpi/2.2.1/{module}` for configuration modules. What is broadcast reaches everybody
concerned when OCPI-to names the hub or nobody. A rewritten URL is the hub's in place of the
sender's, so that what is sent to it comes back through the hub.
"""

# How the identifier of the hub's own module is made.
_CLEARING = "{hub}-clearing"
_TAIL = f"""
`{_CLEARING}` is a custom module of the hub's own, described in [clearing.md](clearing.md). Its
identifier begins with the country_code and party_id of the hub in lower case: that of NL/HUB is
`nlhub-clearing`.
"""

_COLUMNS = ("interface", "method", "path", "called by", "calls", "kind", "broadcast", "rewritten")


def document() -> str:
    """The page: a table for each module."""
    rows = (*OPERATIONS, *clearing_operations(_CLEARING))
    modules = dict.fromkeys(row.module for row in rows)
    return "\n".join([_HEAD, *(_section(module, rows) for module in modules)]) + _TAIL


def _section(module: str, rows: Iterable[Operation]) -> str:
    lines = [_line(_COLUMNS), _line("---" for _ in _COLUMNS)]
    lines += [_line(_cells(row)) for row in rows if row.module == module]
    return f"## {module}\n\n" + "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: Operation) -> Sequence[str]:
    return (
        row.interface.value,
        row.method,
        f"`{row.path}`" if row.path else "",
        _roles(row.callers),
        _roles(row.receivers),
        row.kind.value,
        "yes" if row.broadcast else "",
        _rewritten(row),
    )


def _roles(roles: Iterable[Role]) -> str:
    return "any" if set(roles) == set(Role) else ", ".join(sorted(roles))


def _rewritten(row: Operation) -> str:
    """The URLs of others that a hub replaces (checklist HUB-03 to HUB-09)."""
    if row.response_url is not None:
        return f"response_url in the {row.response_url}"
    if row.kind is Kind.LIST:
        return "Link"
    return "Location" if (row.module, row.method) == ("cdrs", "POST") else ""


if __name__ == "__main__":
    sys.stdout.write(document())
