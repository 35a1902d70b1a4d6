"""A driver's RFID cards: added one by one or imported, blocked, and taken away."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field

from emsp_adapter.contracts import tokens
from emsp_adapter.driver_api import answers
from emsp_adapter.driver_api.door import Account, At, DriverRoute, RoomyRoute
from emsp_adapter.driver_api.language import Language
from emsp_adapter.drivers.sentences import said
from emsp_adapter.office import Office
from emsp_adapter.store.tokens import TokenRow
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import PLAIN, Given, Json
from ocpi_hub.node.rest.description import example
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=DriverRoute, tags=["cards"])
imports = APIRouter(route_class=RoomyRoute, tags=["cards"])

Label = Annotated[str, Field(min_length=1, max_length=100), PLAIN]
CardId = Annotated[str, Path(max_length=100, description="The `id` of a card."), PLAIN]


class GivenCard(Given, json_schema_extra=example({"uid": "04A2B3C4D5E6F7", "label": "Key ring"})):
    """A card: its uid as printed or as a reader shows it."""

    uid: Annotated[str, Field(max_length=100)]
    label: Label | None = None


class GivenCards(
    Given, json_schema_extra=example({"cards": [{"uid": "04A2B3C4D5E6F7", "label": "Key ring"}]})
):
    """Several cards; all are added, or none."""

    cards: Annotated[list[GivenCard], Field(min_length=1, max_length=100)]


class GivenCardChange(Given, json_schema_extra=example({"blocked": True})):
    """What is to change of a card; what is left out stays."""

    label: Label | None = None
    blocked: bool | None = None


@router.get("/cards", response_model=answers.Cards)
async def list_cards(office: At, driver_id: Account, language: Language) -> Json:
    """The driver's cards, the oldest first."""
    async with office.db.hot() as conn:
        found = await tokens.cards_of(conn, driver_id)
    return Json({"cards": [_shown(each, language) for each in found]})


@router.post("/cards", status_code=201, response_model=answers.Card)
async def add_card(given: GivenCard, office: At, driver_id: Account, language: Language) -> Json:
    """Adds a card; one that the driver has already is answered as it is."""
    async with office.db.hot_transaction() as conn:
        added = await _add(conn, office, driver_id, given, field="uid")
    office.poke()
    return Json(_shown(added, language), 201)


@imports.post("/cards/import", status_code=201, response_model=answers.Cards)
async def import_cards(
    given: GivenCards, office: At, driver_id: Account, language: Language
) -> Json:
    """Adds several cards at once."""
    async with office.db.hot_transaction() as conn:
        added = [
            await _add(conn, office, driver_id, each, field=f"cards[{at}].uid")
            for at, each in enumerate(given.cards)
        ]
    office.poke()
    return Json({"cards": [_shown(each, language) for each in added]}, 201)


@router.patch("/cards/{card_id}", response_model=answers.Card)
async def change_card(
    card_id: CardId,
    given: GivenCardChange,
    office: At,
    driver_id: Account,
    language: Language,
) -> Json:
    """Changes a card's label, blocks it or lets it charge again."""
    async with office.db.hot_transaction() as conn:
        changed = await tokens.change_card(
            conn,
            office,
            driver_id,
            card_id=card_id,
            label=given.label,
            blocked=given.blocked,
        )
    office.poke()
    return Json(_shown(changed, language))


@router.delete("/cards/{card_id}", status_code=204)
async def remove_card(card_id: CardId, office: At, driver_id: Account) -> Response:
    """Takes a card away: it charges no more, and somebody else may add it."""
    async with office.db.hot_transaction() as conn:
        await tokens.remove_card(conn, office, driver_id, card_id=card_id)
    office.poke()
    return Response(status_code=204)


async def _add(
    conn: Hot, office: Office, driver_id: str, given: GivenCard, *, field: str
) -> TokenRow:
    try:
        return await tokens.add_card(conn, office, driver_id, uid=given.uid, label=given.label)
    except tokens.CardInUse as error:
        raise Problem(409, f"{field}: {error}", field=field) from error
    except tokens.NoCard as error:
        raise Problem(422, f"{field}: {error.message}", field=field) from error


def _shown(row: TokenRow, language: str) -> dict[str, Any]:
    seen = row.suspicion
    if seen is not None:
        seen = seen | {"message": said(seen["message"], language)}
    return {
        "id": row.id,
        "uid": row.uid,
        "label": row.label,
        "contract_id": row.contract_id,
        "state": row.state,
        "suspicion": seen,
    }
