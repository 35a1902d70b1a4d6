"""Whether both platforms and the hub hold the same, and have counted the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ocpi_hub.demo.tally import Count, Told
from ocpi_hub.protocol.jsontext import same

Document = dict[str, Any]

_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Books:
    """One module as the CPO, the hub and the eMSP have it."""

    module: str
    cpo: Sequence[Document]
    hub: Sequence[Document]
    emsp: Sequence[Document]


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: a number each, None for who has none, and what differs."""

    what: str
    cpo: int | None = None
    hub: int | None = None
    emsp: int | None = None
    differences: Sequence[str] = field(default=())


def compare_books(books: Books) -> Row:
    """Every object against what its owner has, with exact decimals."""
    module = books.module
    owner, other = ("eMSP", "CPO") if module == "tokens" else ("CPO", "eMSP")
    held = {"CPO": books.cpo, "hub": books.hub, "eMSP": books.emsp}
    truth = _by_id(held[owner])
    differences = [
        difference
        for who in ("hub", other)
        for difference in _differences(truth, held[who], owner=owner, who=who)
    ]
    counts = len(books.cpo), len(books.hub), len(books.emsp)
    return Row("CDRs" if module == "cdrs" else module, *counts, differences=differences)


def compare_tallies(cpo: Told, emsp: Told) -> list[Row]:
    """What the two say of the same events."""
    asked = cpo.counts[Count.AUTHORISATIONS] - cpo.counts[Count.UNKNOWN_CARDS]
    rows = [_equal("authorisations", asked, emsp.counts[Count.AUTHORISATIONS])]
    rows += [
        _equal(what, cpo.counts[count], emsp.counts[count])
        for what, count in (
            ("… allowed", Count.ALLOWED),
            ("… refused", Count.REFUSED),
            ("commands", Count.COMMANDS),
            ("… accepted", Count.COMMANDS_ACCEPTED),
            ("… results", Count.COMMAND_RESULTS),
            ("charging preferences", Count.PREFERENCES),
            ("session messages", Count.SESSION_CHANGES),
            ("CDRs posted", Count.CDRS),
        )
    ]
    rows += [
        _none(what, cpo.counts[count], emsp.counts[count])
        for what, count in (
            ("CDRs twice", Count.CDRS_TWICE),
            ("older after newer", Count.OUT_OF_ORDER),
            ("failed calls", Count.FAILED_CALLS),
        )
    ]
    return rows


def compare_presence(seen_by_cpo: Sequence[Document], seen_by_emsp: Sequence[Document]) -> Row:
    """HubClientInfo: each of the two sees the other CONNECTED."""
    differences = [
        f"the {viewer} sees {[info['status'] for info in seen]}, expected CONNECTED"
        for viewer, seen in (("CPO", seen_by_cpo), ("eMSP", seen_by_emsp))
        if [info["status"] for info in seen] != ["CONNECTED"]
    ]
    return Row("connected", len(seen_by_cpo), None, len(seen_by_emsp), differences)


def _equal(what: str, cpo: int, emsp: int) -> Row:
    different = [] if cpo == emsp else [f"{what}: {cpo} at the CPO, {emsp} at the eMSP"]
    return Row(what, cpo, None, emsp, different)


def _none(what: str, cpo: int, emsp: int) -> Row:
    different = [f"{what}: {cpo} at the CPO, {emsp} at the eMSP"] if cpo or emsp else []
    return Row(what, cpo, None, emsp, different)


def _differences(
    truth: Mapping[str, Document], copy: Sequence[Document], *, owner: str, who: str
) -> Iterator[str]:
    held = _by_id(copy)
    if len(held) != len(copy):
        yield f"the {who} has {len(copy) - len(held)} objects twice"
    for id_ in sorted(truth.keys() - held.keys()):
        yield f"the {who} lacks {id_}"
    for id_ in sorted(held.keys() - truth.keys()):
        yield f"the {who} has {id_}, the {owner} does not"
    for id_ in sorted(truth.keys() & held.keys()):
        if not same(truth[id_], held[id_]):
            where = _first_difference(truth[id_], held[id_])
            yield f"{id_}: {where} (the {owner}'s, the {who}'s)"


def _by_id(documents: Sequence[Document]) -> dict[str, Document]:
    return {f"{d['country_code']}/{d['party_id']}/{d.get('uid') or d['id']}": d for d in documents}


def _first_difference(one: Any, other: Any, path: str = "") -> str:
    """The first place where two documents differ, and what stands there in each."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in (*one, *(name for name in other if name not in one)):
            if not same(one.get(name), other.get(name)):
                return _first_difference(one.get(name), other.get(name), f"{path}.{name}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (a, b) in enumerate(zip(one, other, strict=True)):
            if not same(a, b):
                return _first_difference(a, b, f"{path}.{place}")
    return f"{path.lstrip('.')} {_short(one)} and {_short(other)}"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
