"""Tokens of drivers, as partners see them (TOK)."""

from __future__ import annotations

from typing import Any

import pytest

from emsp_adapter.contracts import tokens
from emsp_adapter.contracts.contract_ids import check_character, contract_id
from ocpi_hub.protocol.errors import ObjectNotFound
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.v2_2_1.tokens import Token
from ocpi_hub.protocol.validation import check
from tests.emsp_adapter.contracts import UID, app_token, card
from tests.emsp_adapter.running import Adapter, Cpo
from tests.partners import eventually

EMS = Party("NL", "EMS")


async def listed(partner: Cpo) -> dict[str, dict[str, Any]]:
    response = await partner.party.call("GET", "sender", "tokens")
    return {each["uid"]: each for each in response.json()["data"]}


# --- contract ids --------------------------------------------------------------------------------


def is_contract_id(text: str) -> bool:
    """Whether it was written without a slip."""
    parts = text.upper().split("-")
    if [len(part) for part in parts] != [2, 3, 9, 1]:
        return False
    return check_character("".join(parts[:-1])) == parts[-1]


def test_a_contract_id_has_the_form_of_an_ema_id() -> None:
    made = [contract_id(EMS, number) for number in range(1, 2000)]

    assert len(set(made)) == len(made)
    assert all(is_contract_id(each) for each in made)
    assert made[0].startswith("NL-EMS-C")
    assert len(made[0]) == len("NL-EMS-C00000000-X")


SLIPS = {
    "one character": lambda text: text[:9] + ("0" if text[9] != "0" else "1") + text[10:],
    "two swapped": lambda text: text[:9] + text[10] + text[9] + text[11:],
    "the check character": lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
    "one too few": lambda text: text[:8] + text[9:],
    "something else": lambda _: "hello",
}


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_a_slip_in_a_contract_id_is_noticed(slip: Any) -> None:
    assert not is_contract_id(slip(contract_id(EMS, 4711)))


# --- what is published ---------------------------------------------------------------------------


async def test_the_token_of_an_app_is_made_once_and_published(emsp: Adapter, partner: Cpo) -> None:
    ada = await emsp.driver()

    first = await app_token(emsp, ada)
    second = await app_token(emsp, ada)

    assert first == second
    check(Token, first)
    assert (first["type"], first["valid"]) == ("APP_USER", True)
    # TOK-07: what only an app uses is never trusted unasked; the idTag of OCPP 1.6 has 20.
    assert first["whitelist"] == "NEVER"
    assert len(first["uid"]) == 20
    assert first["issuer"] == "eMSP adapter"
    assert await listed(partner) == {first["uid"]: first}


async def test_the_token_of_a_guest_is_told_to_nobody_beforehand(
    emsp: Adapter, partner: Cpo
) -> None:
    ada = await emsp.driver()

    async with emsp.db.hot_transaction() as conn:
        made = await tokens.guest_token(conn, emsp.office, ada.id)

    check(Token, made)
    assert made["type"] == "AD_HOC_USER"
    assert await listed(partner) == {}


async def test_a_card_is_pushed_to_cpos(emsp: Adapter, partner: Cpo) -> None:
    ada = await emsp.driver()

    made = await card(emsp, ada)

    await eventually(lambda: bool(partner.party.of("PUT", "/receiver/tokens")))
    pushed = partner.party.of("PUT", "/receiver/tokens")
    assert pushed[0].path == f"/receiver/tokens/NL/EMS/{UID}"
    assert pushed[0].json == made
    # TOK-10: it works while the adapter cannot be asked.
    assert made["whitelist"] == "ALLOWED_OFFLINE"


@pytest.mark.parametrize("status", ["blocked", "deleted"])
async def test_no_token_of_a_driver_who_may_not_charge_is_valid(
    emsp: Adapter, partner: Cpo, status: str
) -> None:
    ada = await emsp.driver()
    await card(emsp, ada)
    await app_token(emsp, ada)

    async with emsp.db.hot_transaction() as conn:
        await conn.execute("UPDATE drivers SET status = %s WHERE id = %s", (status, ada.id))
        await tokens.refresh(conn, emsp.office, ada.id)

    assert [each["valid"] for each in (await listed(partner)).values()] == [False, False]


async def test_what_has_not_changed_is_not_told_again(emsp: Adapter, partner: Cpo) -> None:
    ada = await emsp.driver()
    made = await card(emsp, ada)

    async with emsp.db.hot_transaction() as conn:
        await tokens.refresh(conn, emsp.office, ada.id)

    assert (await listed(partner))[UID] == made


async def test_a_removed_card_may_become_somebody_elses(emsp: Adapter, partner: Cpo) -> None:
    ada, ben = await emsp.driver(), await emsp.driver("ben@drivers.example")
    first = await card(emsp, ada)
    async with emsp.db.hot_transaction() as conn:
        (row,) = await tokens.cards_of(conn, ada.id)
        await tokens.remove_card(conn, emsp.office, ada.id, card_id=row.id)
    told = (await listed(partner))[UID]

    second = await card(emsp, ben)
    async with emsp.db.hot_transaction() as conn:
        await tokens.refresh(conn, emsp.office, ada.id)

    assert told["valid"] is False
    assert second["contract_id"] != first["contract_id"]
    assert (await listed(partner))[UID] == second


async def test_the_card_of_who_has_left_may_become_somebody_elses(emsp: Adapter) -> None:
    ada, ben = await emsp.driver(), await emsp.driver("ben@drivers.example")
    await card(emsp, ada)
    async with emsp.db.hot_transaction() as conn:
        await conn.execute("UPDATE drivers SET status = 'deleted' WHERE id = %s", (ada.id,))
        await tokens.refresh(conn, emsp.office, ada.id)

    second = await card(emsp, ben)

    assert second["valid"] is True


# --- what cannot be a card -----------------------------------------------------------------------

READ = {
    "as printed": ("04 a1 b2 c3 d4 e5 f6", UID),
    "with colons": ("04:A1:B2:C3:D4:E5:F6", UID),
    "with dashes": ("de-ad-be-ef", "DEADBEEF"),
    "no hexadecimal number": ("Card-4711", "Card-4711"),
}


@pytest.mark.parametrize(("given", "read"), READ.values(), ids=READ)
def test_a_cards_uid_is_what_chargers_read(given: str, read: str) -> None:
    assert tokens.card_uid(given) == read


NO_CARDS = {
    "too short": "123",
    "too long for a charger": "X" * 21,
    "empty": "",
    "a space": "AB CD XY",
    "a line break": "ABCD\nEF",
    "not ASCII": "Kärtchen",
}


@pytest.mark.parametrize("given", NO_CARDS.values(), ids=NO_CARDS)
def test_what_no_charger_reads_is_refused(given: str) -> None:
    with pytest.raises(tokens.NoCard, match="expected 4 to 20"):
        tokens.card_uid(given)


async def test_a_card_that_is_in_use_is_refused(emsp: Adapter) -> None:
    ada, ben = await emsp.driver(), await emsp.driver("ben@drivers.example")
    await card(emsp, ada)

    with pytest.raises(tokens.CardInUse, match="in use already"):
        await card(emsp, ben, UID.lower())


async def test_a_card_of_another_driver_is_not_found(emsp: Adapter) -> None:
    ada, ben = await emsp.driver(), await emsp.driver("ben@drivers.example")
    await card(emsp, ada)

    async with emsp.db.hot_transaction() as conn:
        (row,) = await tokens.cards_of(conn, ada.id)
        with pytest.raises(ObjectNotFound):
            await tokens.change_card(conn, emsp.office, ben.id, card_id=row.id, blocked=True)
