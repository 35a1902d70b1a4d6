"""Finding places by words alone: what matches best first, and what was meant where nothing does."""

from __future__ import annotations

from collections.abc import Sequence

from emsp_adapter.network.spelling import nearest
from emsp_adapter.network.text_search import best_first, one_of_each
from emsp_adapter.store import search
from emsp_adapter.store.filters import Filters
from emsp_adapter.store.search import After, Place
from ocpi_hub.node.engine import Hot

# Shorter words are meant as they are.
_SHORTEST_MEANT = 4
# Where a slip is looked for: behind so many letters, which have to be right.
_FIRST_LETTERS = 2


async def by_words(
    conn: Hot, filters: Filters, said: Sequence[str], *, limit: int, after: After | None = None
) -> list[Place]:
    """Places that have all of these words, or how they begin; how far away a place is says how
    little it matches."""
    queries = best_first(said)
    begun = 0 if after is None else int(after[0])
    found: list[Place] = []
    for rank, query in enumerate(queries):
        if rank >= begun and len(found) < limit:
            found += await search.matching(
                conn,
                filters,
                query,
                rank=rank,
                limit=limit - len(found),
                after=after if rank == begun else None,
            )
    nothing_is_called_so = not found and (after is None or begun >= len(queries))
    if not nothing_is_called_so:
        return found
    meant = await _meant(conn, filters, said)
    if meant is None:
        return []
    return await search.matching(
        conn, filters, one_of_each(meant), rank=len(queries), limit=limit, after=after
    )


async def _meant(conn: Hot, filters: Filters, said: Sequence[str]) -> list[list[str]] | None:
    """For each word what it may be meant for; None where that is no news."""
    meant = [await _meant_by(conn, filters, word) for word in said]
    return meant if all(meant) and meant != [[word] for word in said] else None


async def _meant_by(conn: Hot, filters: Filters, word: str) -> list[str]:
    if await search.words_like(conn, filters, word):
        return [word]
    if len(word) < _SHORTEST_MEANT or not word.isalpha():
        return []
    for length in range(len(word) - 1, _FIRST_LETTERS - 1, -1):
        found = nearest(word, await search.words_like(conn, filters, word[:length]))
        if found:
            return found
    return []
