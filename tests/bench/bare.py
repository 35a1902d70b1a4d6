"""What the hub is measured against: the least a Python server can do for the same request.

Starlette endpoints without authority, validation, routing or records, on the same tables and with
the hub's own pool and client. Run as a process: `python -m tests.bench.bare DATABASE_URL SINK_URL`.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ocpi_hub.node.engine import Database, open_database
from ocpi_hub.service import transport
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.lane import Lanes
from ocpi_hub.store.tables import SCHEMA

POOL = 8
_TIMEOUT = 15
_CAP = 256_000

_JSON = "application/json"
_DONE = b'{"status_code":1000,"timestamp":"2026-01-15T10:00:00Z"}'

_PATCH = """
UPDATE catalogue
SET document = document || %(patch)s::jsonb,
    last_updated = (%(patch)s::jsonb ->> 'last_updated')::timestamptz,
    received_at = now(), correlation_id = 'bare', xid = pg_current_xact_id(),
    seq = nextval('change_seq')
WHERE module = 'locations' AND id = %(id)s AND owner = %(owner)s AND sub = %(sub)s AND NOT absent
    AND last_updated <= (%(patch)s::jsonb ->> 'last_updated')::timestamptz
"""

_ROWS = """
WITH page AS (
    SELECT id, owner, created FROM catalogue
    WHERE module = 'locations' AND position = 0 AND NOT absent AND owner = 'nl/cpo'
    ORDER BY created OFFSET %s LIMIT %s
)
SELECT c.document::text
FROM page JOIN catalogue c ON c.module = 'locations' AND c.id = page.id AND c.owner = page.owner
WHERE NOT c.absent
ORDER BY page.created, c.position
"""


@dataclass(frozen=True, slots=True)
class Bare:
    """The endpoints; a 404 stands for a row that was not changed."""

    db: Database
    lanes: Lanes
    sink_url: str

    async def patch(self, request: Request) -> Response:
        """One prepared UPDATE and its commit."""
        params = request.path_params
        values = {
            "patch": (await request.body()).decode(),
            "id": params["location_id"].lower(),
            "owner": f"{params['country_code']}/{params['party_id']}".lower(),
            "sub": params["evse_uid"].lower(),
        }
        async with self.db.hot() as conn:
            cursor = await conn.execute(_PATCH, values)
        return Response(_DONE, 200 if cursor.rowcount == 1 else 404, media_type=_JSON)

    async def proxy(self, request: Request) -> Response:
        """The body to the receiver, the answer back."""
        body = await request.body()
        answer = await self.lanes.send(
            "sink",
            transport.Request(
                "POST",
                f"{self.sink_url}{request.url.path}",
                (("Authorization", "Token c2luaw=="), ("Content-Type", _JSON)),
                body,
                max_answer=_CAP,
            ),
            timeout=_TIMEOUT,
        )
        return Response(answer.body, answer.status, media_type=_JSON)

    async def pages(self, request: Request) -> Response:
        """The rows of a page as they are stored."""
        asked = request.query_params
        async with self.db.hot() as conn:
            cursor = await conn.execute(_ROWS, (int(asked["offset"]), int(asked["limit"])))
            rows = await cursor.fetchall()
        return Response(f"[{','.join(row[0] for row in rows)}]", media_type=_JSON)


def main(database_url: str, sink_url: str) -> None:
    """Serves until SIGTERM."""
    sock = socket.create_server(("127.0.0.1", 0), backlog=2048)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        lanes = Lanes(AddressGuard(allow_private=True))
        async with open_database(database_url, schema=SCHEMA, pool_size=POOL) as db:
            bare = Bare(db, lanes, sink_url)
            evse = "{country_code}/{party_id}/{location_id}/{evse_uid}"
            app.router.routes += [
                Route(f"/ocpi/receiver/2.2.1/locations/{evse}", bare.patch, methods=["PATCH"]),
                Route("/ocpi/sender/2.2.1/tokens/{uid}/authorize", bare.proxy, methods=["POST"]),
                Route("/ocpi/sender/2.2.1/locations", bare.pages),
            ]
            sys.stdout.write(json.dumps({"port": sock.getsockname()[1]}) + "\n")
            sys.stdout.flush()
            yield
            lanes.close()

    config = uvicorn.Config(
        Starlette(lifespan=lifespan),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
    )
    uvicorn.Server(config).run(sockets=[sock])


if __name__ == "__main__":
    main(*sys.argv[1:])
