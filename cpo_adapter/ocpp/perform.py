"""Commands to a station: in its version's words, and what became of them in ours."""

from __future__ import annotations

from cpo_adapter.ocpp.calls import Command, CommandAnswer, NotExpressible, Outcome
from cpo_adapter.ocpp.connection import CallError, Connection, NoAnswer, NotConnected
from cpo_adapter.ocpp.messages import Dialect, Request
from cpo_adapter.ocpp.outcomes import refused
from cpo_adapter.ocpp.schemas import PayloadRefused, request_schema, response_schema


def written(command: Command, dialect: Dialect) -> Request:
    """The CALL as it will leave, checked; NotExpressible or PayloadRefused."""
    action, payload = dialect.request(command)
    schema = request_schema(dialect.version, action)
    if schema is None:
        raise NotExpressible(f"OCPP {dialect.version.number} has no {action}")
    return Request(action, schema.ordered(payload))


async def perform(connection: Connection, command: Command, *, timeout: float) -> CommandAnswer:
    """What became of the command within `timeout` seconds; never an exception of ours."""
    dialect = connection.dialect
    try:
        request = written(command, dialect)
    except NotExpressible as error:
        return CommandAnswer(Outcome.NOT_SUPPORTED, "NotSupported", str(error))
    except PayloadRefused as error:
        return CommandAnswer(Outcome.FAILED, "NotSent", str(error))
    try:
        payload = await connection.call(request.action, request.payload, timeout=timeout)
    except CallError as error:
        return refused(error.code, error.description)
    except NoAnswer as error:
        return CommandAnswer(Outcome.TIMEOUT, "NoAnswer", str(error))
    except NotConnected as error:
        outcome = Outcome.TIMEOUT if error.sent else Outcome.NOT_CONNECTED
        return CommandAnswer(outcome, "NotConnected", str(error))
    schema = response_schema(dialect.version, request.action)
    fields = payload if schema is None else schema.accept(payload).payload
    return dialect.result(command, fields)
