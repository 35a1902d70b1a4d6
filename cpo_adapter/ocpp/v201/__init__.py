"""OCPP 2.0.1."""

from __future__ import annotations

from cpo_adapter.ocpp.messages import Dialect
from cpo_adapter.ocpp.v201.answers import answer
from cpo_adapter.ocpp.v201.commands import request
from cpo_adapter.ocpp.v201.events import NEVER_REFUSED, READERS
from cpo_adapter.ocpp.v201.results import result
from cpo_adapter.ocpp.version import Version

DIALECT = Dialect(
    version=Version.V201,
    readers=READERS,
    never_refused=NEVER_REFUSED,
    booted_first=True,
    answer=answer,
    request=request,
    result=result,
)
