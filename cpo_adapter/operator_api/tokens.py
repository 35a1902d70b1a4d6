"""Tokens of the operator's own: cards of staff and fleet."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path

from cpo_adapter.operator_api.office import At, OperatorRoute, Reader, Worker
from cpo_adapter.operator_api.shapes import Text
from cpo_adapter.store import tokens as rows
from ocpi_hub.node import audit
from ocpi_hub.node.rest.bodies import Given, Json
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=OperatorRoute, tags=["tokens"])

Uid = Annotated[str, Path(pattern=r"^[\x21-\x7e]{1,36}$", description="The card's uid.")]


class Status(StrEnum):
    """What a token is worth."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"


class GivenToken(Given):
    """What a token is worth, and whose it is, for people."""

    status: Status = Status.ACCEPTED
    label: Text | None = None


@router.get("/tokens")
async def list_tokens(office: At, operator: Reader) -> Json:
    """Every token of the operator's own, in the order of their uids."""
    async with office.db.hot() as conn:
        found = await rows.locals_(conn)
    return Json(
        [
            {
                "uid": each.spelling,
                "status": each.status,
                "label": each.label,
                "last_updated": each.created_at,
            }
            for each in found
        ]
    )


@router.put("/tokens/{uid}")
async def put_token(uid: Uid, given: GivenToken, office: At, operator: Worker) -> Json:
    """Lets a card of the operator's own charge, or gives it another status."""
    async with office.db.hot_transaction() as conn:
        await rows.put_local(
            conn, uid, status=given.status.value, label=given.label, now=office.now()
        )
        await audit.record(
            conn,
            operator.name,
            action="token put",
            subject=_short(uid),
            detail={"status": given.status.value},
        )
    return Json({"uid": uid, "status": given.status.value, "label": given.label})


@router.delete("/tokens/{uid}", status_code=204)
async def remove_token(uid: Uid, office: At, operator: Worker) -> None:
    """Forgets a card of the operator's own."""
    async with office.db.hot_transaction() as conn:
        if not await rows.remove_local(conn, uid):
            raise Problem(404, f"there is no token {uid!r} of the operator's own")
        await audit.record(conn, operator.name, action="token remove", subject=_short(uid))


def _short(uid: str) -> str:
    """As much of a uid as tells cards apart and charges nowhere."""
    return f"{uid[:4]}…"
