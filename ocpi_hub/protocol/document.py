"""docs/modules.md out of the module table: `python -m ocpi_hub.protocol.document` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from ocpi_hub.protocol.modules import OPERATIONS, Operation
from ocpi_hub.protocol.roles import Role

_HEAD = """# Modules

Every operation of OCPI 2.2.1 that is served here, as it stands in `ocpi_hub/protocol/modules.py`. This page is made
from that table by `make docs`.

Paths come after the endpoint: `…/ocpi/{sender|receiver}/2.2.1/{module}` for functional modules,
`…/ocpi/2.2.1/{module}` for configuration modules. A broadcast row reaches everybody concerned when it is addressed to
the hub, or to nobody. A rewritten URL is the hub's in place of the sender's, so that the answer comes back through it.
"""

_COLUMNS = ("interface", "method", "path", "called by", "calls", "kind", "broadcast", "rewritten")


def document() -> str:
    """The page: a table for each module."""
    modules = dict.fromkeys(row.module for row in OPERATIONS)
    parts = [_HEAD, *(_section(module) for module in modules)]
    return "\n".join(parts)


def _section(module: str) -> str:
    lines = [_line(_COLUMNS), _line("---" for _ in _COLUMNS)]
    lines += [_line(_cells(row)) for row in OPERATIONS if row.module == module]
    return f"## {module}\n\n" + "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: Operation) -> Sequence[str]:
    return (
        row.interface.value,
        row.method,
        f"`{row.path}`" if row.path else "–",
        _roles(row.callers),
        _roles(row.receivers),
        row.kind.value,
        "yes" if row.broadcast else "–",
        _rewritten(row),
    )


def _roles(roles: Iterable[Role]) -> str:
    return "any" if set(roles) == set(Role) else ", ".join(sorted(roles))


def _rewritten(row: Operation) -> str:
    """The URLs of others that a hub replaces (checklist HUB-03 to HUB-09)."""
    if row.response_url is not None:
        return f"response_url ({row.response_url})"
    return {"list": "Link", "event": "Location" if row.module == "cdrs" else "–"}.get(row.kind, "–")


if __name__ == "__main__":
    sys.stdout.write(document())
