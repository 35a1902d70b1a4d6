"""What is refused before anything is sent, as problems."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from emsp_adapter import payments
from emsp_adapter.charging.refusals import Refused
from ocpi_hub.node.rest.problems import Problem


@contextmanager
def refusals(*, card: str = "payment") -> Iterator[None]:
    """422 where a field of the request is at fault, or `card`, the one that says how it is paid;
    409 where it is the state of things, 503 where the payment provider says nothing clear."""
    try:
        yield
    except Refused as refused:
        if refused.field is not None:
            raise Problem(422, refused.why, field=refused.field) from refused
        raise Problem(409, refused.why) from refused
    except payments.Refused as refused:
        raise Problem(422, str(refused), field=card) from refused
    except payments.PaymentError as unclear:
        why = "The payment provider does not answer."
        raise Problem(503, why, headers={"Retry-After": "10"}) from unclear
