"""OCPP 1.6 over JSON."""

from __future__ import annotations

from cpo_adapter.ocpp.messages import Dialect
from cpo_adapter.ocpp.v16.answers import answer
from cpo_adapter.ocpp.v16.commands import request
from cpo_adapter.ocpp.v16.events import NEVER_REFUSED, READERS
from cpo_adapter.ocpp.v16.results import result
from cpo_adapter.ocpp.version import Version

DIALECT = Dialect(
    version=Version.V16,
    readers=READERS,
    never_refused=NEVER_REFUSED,
    booted_first=False,
    answer=answer,
    request=request,
    result=result,
)
