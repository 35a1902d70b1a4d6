"""How plugs are written down and numbered."""

from __future__ import annotations

import pytest

from cpo_adapter.ocpp.version import Version
from cpo_adapter.plugs import (
    BadPlug,
    PlugSpec,
    evse_at,
    numbered,
    on_the_wire,
    parse_plug,
    plug_at,
)
from cpo_adapter.store.plugs import Plug

PARSED = {
    "EVSE1": PlugSpec("EVSE1"),
    "EVSE1=2": PlugSpec("EVSE1", 2),
    "EVSE1=2/1": PlugSpec("EVSE1", 2, 1),
    "A=B": PlugSpec("A=B"),
    "A=B=1/2": PlugSpec("A=B", 1, 2),
    "NL*CPO*E1*2": PlugSpec("NL*CPO*E1*2"),
}


@pytest.mark.parametrize(("text", "spec"), PARSED.items(), ids=PARSED)
def test_the_numbers_come_last_and_the_uid_is_never_parsed(text: str, spec: PlugSpec) -> None:
    assert parse_plug(text) == spec


@pytest.mark.parametrize("text", ["", "EVSE1=0/1", "EVSE1=1/0", "EVSE1=1000"])
def test_a_plug_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(BadPlug, match="expected"):
        parse_plug(text)


ONE = {"E1": ["1"], "E2": ["1"]}
TWO = {"E1": ["A", "B"]}
NUMBERED = {
    "in their order": (["E1", "E2"], ONE, [(1, 1, "E1", "1"), (2, 1, "E2", "1")]),
    "beside a given number": (["E1", "E2=1"], ONE, [(2, 1, "E1", "1"), (1, 1, "E2", "1")]),
    "an EVSE with two connectors": (["E1"], TWO, [(1, 1, "E1", "A"), (1, 2, "E1", "B")]),
    "two plugs of one EVSE": (["E1=1", "E1=2"], TWO, [(1, 1, "E1", "A"), (2, 1, "E1", "B")]),
    "by the connector's own number": (
        ["E1=1/2", "E1=1/1"],
        {"E1": ["1", "2"]},
        [(1, 2, "E1", "2"), (1, 1, "E1", "1")],
    ),
}


@pytest.mark.parametrize(("texts", "known", "expected"), NUMBERED.values(), ids=NUMBERED)
def test_what_is_not_given_is_worked_out(
    texts: list[str],
    known: dict[str, list[str]],
    expected: list[tuple[int, int, str, str]],
) -> None:
    plugs = numbered("CS1", [parse_plug(text) for text in texts], connector_ids=known)

    assert [(p.evse, p.connector, p.evse_uid, p.connector_id) for p in plugs] == expected


REFUSED = {
    "an EVSE that is not known": (["E9"], "EVSE 'E9' is not known"),
    "the same number twice": (["E1=1/1", "E2=1/1"], "the same EVSE and connector number"),
    "more plugs than connectors": (["E1=1/1", "E1=2/1"], "all have a plug"),
}


@pytest.mark.parametrize(("texts", "why"), REFUSED.values(), ids=REFUSED)
def test_plugs_that_do_not_fit_are_refused(texts: list[str], why: str) -> None:
    with pytest.raises(BadPlug, match=why):
        numbered("CS1", [parse_plug(text) for text in texts], connector_ids=ONE)


def plug(evse: int, connector: int, uid: str = "E1", connector_id: str = "1") -> Plug:
    return Plug("CS1", evse, connector, uid, connector_id)


WIRE = {
    "by EVSE": ([plug(1, 1), plug(2, 1, "E2")], [(1, 1), (2, 1)]),
    "EVSE and connector counted together": ([plug(1, 1), plug(2, 2, "E2")], [(1, 1), (2, 1)]),
    "two connectors of one EVSE": ([plug(1, 1), plug(1, 2, connector_id="2")], [(1, 1), (2, 1)]),
    "by place": (
        [plug(1, 1), plug(1, 2), plug(2, 1, "E2"), plug(2, 2, "E2")],
        [(1, 1), (2, 1), (3, 1), (4, 1)],
    ),
}


@pytest.mark.parametrize(("plugs", "numbers"), WIRE.values(), ids=WIRE)
def test_version_1_6_has_one_number_for_a_plug(
    plugs: list[Plug], numbers: list[tuple[int, int]]
) -> None:
    assert [on_the_wire(each, plugs, version=Version.V16) for each in plugs] == numbers


def test_version_2_0_1_has_the_numbers_as_they_are() -> None:
    plugs = [plug(1, 1), plug(1, 2, connector_id="2")]

    assert on_the_wire(plugs[1], plugs, version=Version.V201) == (1, 2)


def test_a_connector_that_was_left_out_is_not_the_first_one() -> None:
    plugs = [plug(1, 1), plug(1, 2, connector_id="2"), plug(2, 1, "E2")]

    assert plug_at(plugs, 1, None, version=Version.V201) is None
    assert plug_at(plugs, 2, None, version=Version.V201) == plugs[2]
    assert evse_at(plugs, 1, version=Version.V201) == "E1"
    assert evse_at(plugs, 3, version=Version.V201) is None
