"""How SQL puts a Location together with its EVSEs, as JSON text.

Fragments over a row `c` of the catalogue. The stamp a GET serves is raised to the newest EVSE's,
in that EVSE's own spelling, and never lowered (SEM-09, SEM-10).
"""

from __future__ import annotations

from psycopg import sql

# Joins the served EVSEs of a Location: their JSON texts, the newest stamp and its spelling.
EVSES_OF = sql.SQL("""
CROSS JOIN LATERAL (
    SELECT string_agg(evse.document::text, ', ' ORDER BY evse.position, evse.sub) AS list,
        max(evse.last_updated) AS newest,
        (array_agg(evse.document -> 'last_updated' ORDER BY evse.last_updated DESC))[1] AS spelling
    FROM catalogue evse
    WHERE evse.module = 'locations' AND evse.id = c.id AND evse.owner = c.owner
        AND evse.position > 0 AND NOT evse.absent
) AS evses
""")

LOCATION_TEXT = sql.SQL("""
CASE WHEN evses.list IS NULL THEN c.document::text
WHEN evses.newest > c.last_updated
THEN left((c.document - '{evses,last_updated}'::text[])::text, -1)
    || ', "last_updated": ' || evses.spelling::text || ', "evses": [' || evses.list || ']}'
ELSE left((c.document - 'evses')::text, -1) || ', "evses": [' || evses.list || ']}' END
""")

ROW_TEXT = sql.SQL("c.document::text")
