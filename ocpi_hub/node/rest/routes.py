"""Routes of an API: who asks is known before anything is read, and what is read is bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.node.rest.requests import exact

_SHOWN = 40


class ExactRoute(APIRoute):
    """A route with exact JSON of at most `most_bytes`, whose query it knows all of."""

    most_bytes: ClassVar[int]

    async def admit(self, request: Request) -> None:
        """Whoever may ask comes past here; a Problem for all others."""
        raise NotImplementedError

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler behind the door."""
        handle = super().get_route_handler()
        known = frozenset(_query_names(self.dependant))

        async def behind_the_door(request: Request) -> Response:
            await self.admit(request)
            _check_query(request, known)
            return await handle(exact(request, most=self.most_bytes))

        return behind_the_door


def _query_names(dependant: Dependant) -> set[str]:
    """The names of the parameters that a route and what it depends on take."""
    names: set[str] = set()
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            names.update(annotation.model_fields)
        else:
            names.add(field.alias)
    return names.union(*map(_query_names, dependant.dependencies))


def _check_query(request: Request, known: frozenset[str]) -> None:
    times = Counter(name for name, _ in request.query_params.multi_items())
    for name, count in times.items():
        if name not in known:
            raise _at_fault(name, "is no parameter of this request")
        if count > 1:
            raise _at_fault(name, f"expected once, got {count} times")


def _at_fault(name: str, sentence: str) -> Problem:
    shown = name[:_SHOWN]
    return Problem(422, f"{shown}: {sentence}", field=shown)
