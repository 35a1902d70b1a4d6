"""What is refused before anything is sent, as problems."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from emsp_adapter import payments
from emsp_adapter.charging.charge_texts import said
from emsp_adapter.charging.refusals import Refused
from emsp_adapter.money.price_texts import language_of
from ocpi_hub.node.rest.problems import Problem


@contextmanager
def refusals(language: str | None) -> Iterator[None]:
    """422 where a field of the request or the card is at fault, 409 where it is the state of
    things, 503 where the payment provider says nothing clear. `language` is an Accept-Language."""
    try:
        yield
    except Refused as refused:
        if refused.field is not None:
            raise Problem(422, refused.why, field=refused.field) from refused
        raise Problem(409, said(refused.why, language_of(language))) from refused
    except payments.Refused as refused:
        raise Problem(422, str(refused), field="payment") from refused
    except payments.PaymentError as unclear:
        why = "the payment provider does not answer"
        raise Problem(503, why, headers={"Retry-After": "10"}) from unclear
