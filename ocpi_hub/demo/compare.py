"""Whether the CPO, the hub and the eMSP hold the same, and everything came to its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from ocpi_hub.demo.provider import Account
from ocpi_hub.demo.tally import Count, Told
from ocpi_hub.protocol.jsontext import same
from ocpi_hub.protocol.v2_2_1.sessions import SessionStatus

Document = dict[str, Any]

_LONGEST: Final = 60
_CENT: Final = Decimal("0.01")
_OVER: Final = frozenset({SessionStatus.COMPLETED, SessionStatus.INVALID})
# What the CPO keeps back until a person has looked at it.
_HELD: Final = frozenset({"suspect", "unbillable"})


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


def compare_statuses(books: Books) -> Row:
    """The status of each EVSE, out of the books of locations."""
    cpo, hub, emsp = (_statuses(held) for held in (books.cpo, books.hub, books.emsp))
    differences = [
        f"{uid}: {status} at the CPO, {there.get(uid)} at the {who}"
        for who, there in (("hub", hub), ("eMSP", emsp))
        for uid, status in cpo.items()
        if there.get(uid) != status
    ]
    return Row("  EVSE statuses", len(cpo), len(hub), len(emsp), differences)


def compare_sessions(sessions: Sequence[Document], cdrs: Sequence[Document]) -> list[Row]:
    """Of the eMSP's books: each session is over, and has one CDR of its energy when it cost."""
    over = [session for session in sessions if session["status"] in _OVER]
    open_ = [f"{s['id']} is {s['status']}" for s in sessions if s["status"] not in _OVER]
    kwh = {session["id"]: session["kwh"] for session in over}
    wrong = [
        f"{cdr['session_id']}: {cdr['total_energy']} kWh in the CDR, "
        f"{kwh.get(cdr['session_id'])} in the Session"
        for cdr in cdrs
        if not same(kwh.get(cdr.get("session_id")), cdr["total_energy"])
    ]
    return [
        Row("  that are over", None, None, len(over), open_),
        Row("  CDRs of their session's kWh", None, None, len(cdrs), [*wrong, *_twice(cdrs)]),
    ]


def compare_meters(metered: Sequence[Document], cdrs: Sequence[Document]) -> list[Row]:
    """What the CPO's own list of sessions says of energy, against the CDRs that arrived."""
    billed = {cdr["session_id"]: cdr["total_energy"] for cdr in cdrs if "session_id" in cdr}
    held = [each for each in metered if each["billing"] in _HELD]
    due = [each for each in metered if each["billing"] not in _HELD and _costs(each)]
    differences = [
        f"{each['id']}: {each['kwh']} kWh metered, {billed.get(each['id'])} billed"
        for each in due
        if not same(each["kwh"], billed.get(each["id"]))
    ]
    differences += [f"{each['id']} is not over" for each in metered if each["state"] == "active"]
    return [
        Row("  sessions metered and billed", len(due), None, len(billed), differences),
        Row("  held for a person", len(held)),
    ]


def compare_verdicts(cleared: Sequence[Document], cdrs: Sequence[Document]) -> Row:
    """What the hub's clearing says of each CDR."""
    matching = [each for each in cleared if each["verdict"] == "match"]
    differences = [
        f"{each['id']} is {each['verdict'] or 'not priced'}: {each['sentence']}"
        for each in cleared
        if each["verdict"] != "match"
    ]
    if len(cleared) != len(cdrs):
        differences.append(f"{len(cleared)} CDRs are listed, {len(cdrs)} arrived")
    return Row("  prices that match", None, len(matching), None, differences)


def compare_account(
    metered: Sequence[Document], sold: Sequence[Document], account: Account
) -> list[Row]:
    """What the driver of the eMSP adapter sees and pays: against the CPO's meters, and against the
    CDRs as the hub has them, to the Wh and the cent."""
    shown = {
        each["id"]: _exact(each["energy_kwh"])
        for each in account.charges
        if each["state"] == "finished"
    }
    charge_of = {each["cdr_id"]: each["charge_id"] for each in account.cdrs}
    paid = {each["charge_id"]: _exact(each["gross"]) for each in account.receipts}
    due = [each for each in metered if _costs(each)]
    kwh = {each["cdr_id"]: each["kwh"] for each in due}
    unequal = [
        f"{id_}: {kwh.get(id_)} kWh metered, {shown.get(charge_id)} in the app"
        for id_, charge_id in charge_of.items()
        if not same(kwh.get(id_), shown.get(charge_id))
    ]
    wrong = [
        f"{each['id']}: {claimed} in the CDR, {receipt} on the receipt"
        for each in sold
        if (claimed := _cents(each["claimed_incl_vat"]))
        != (receipt := paid.get(charge_of.get(each["id"], "")))
    ]
    return [
        _equal("app sessions", len(due), len(shown), "metered, {} in the app", unequal),
        _equal("  CDRs", len(sold), len(account.cdrs), "at the hub, {} at the eMSP"),
        _equal("  receipts to the cent", len(sold), len(paid), "CDRs, {} receipts", wrong),
    ]


def _costs(metered: Document) -> bool:
    """Whether a session is to be billed: nothing was charged in one that is invalid."""
    return metered["kwh"] is not None and metered["state"] != "invalid"


def _exact(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)


def _cents(amount: Decimal | str) -> Decimal:
    return Decimal(amount).quantize(_CENT, ROUND_HALF_UP)


def compare_presence(seen_by_cpo: Sequence[Document], seen_by_emsp: Sequence[Document]) -> Row:
    """HubClientInfo: each of the three sees the other two CONNECTED."""
    differences = [
        f"the {viewer} sees {[info['status'] for info in seen]}, expected two CONNECTED"
        for viewer, seen in (("CPO", seen_by_cpo), ("eMSP", seen_by_emsp))
        if [info["status"] for info in seen] != ["CONNECTED"] * 2
    ]
    return Row("connected", len(seen_by_cpo), None, len(seen_by_emsp), differences)


def compare_tally(emsp: Told) -> list[Row]:
    """What the eMSP has counted: commands answered, results received, and nothing wrong."""
    counts = emsp.counts
    commands, answered = counts[Count.COMMANDS], counts[Count.COMMANDS_ANSWERED]
    accepted, results = counts[Count.COMMANDS_ACCEPTED], counts[Count.COMMAND_RESULTS]
    rows = [
        _equal("commands answered", commands, answered, "sent, {} answered"),
        _equal("  accepted, with a result", accepted, results, "accepted, {} results"),
    ]
    return rows + [
        Row(what, emsp=counts[count], differences=[f"{counts[count]}"] if counts[count] else ())
        for what, count in (
            ("CDRs twice", Count.CDRS_TWICE),
            ("older after newer", Count.OUT_OF_ORDER),
            ("failed calls", Count.FAILED_CALLS),
        )
    ]


def _equal(what: str, one: int, other: int, said: str, wrong: Sequence[str] = ()) -> Row:
    different = [] if one == other else [f"{one} {said.format(other)}"]
    return Row(what, None, None, other, [*different, *wrong])


def _twice(cdrs: Sequence[Document]) -> list[str]:
    ids = [cdr["session_id"] for cdr in cdrs if "session_id" in cdr]
    return [f"session {id_} has two CDRs" for id_ in sorted({i for i in ids if ids.count(i) > 1})]


def _statuses(locations: Sequence[Document]) -> dict[str, str]:
    return {evse["uid"]: evse["status"] for each in locations for evse in each["evses"]}


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
