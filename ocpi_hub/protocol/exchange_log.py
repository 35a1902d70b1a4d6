"""The log line of an exchange: what it was, how it ended; no bodies and no tokens."""

from __future__ import annotations

import logging

from ocpi_hub.protocol.server import Exchange


def log_exchange(log: logging.Logger, exchange: Exchange) -> None:
    """One line: refusals at info, the others at debug."""
    reply, message = exchange.reply, exchange.message
    level = logging.DEBUG if reply.ok else logging.INFO
    if not log.isEnabledFor(level):
        return
    log.log(
        level,
        "exchange",
        extra={
            "action": "exchange",
            "of": message.operation.module if message else None,
            "method": exchange.method,
            "platform": exchange.caller,
            "sender": str(message.sender) if message and message.sender else None,
            "to": str(message.receiver) if message and message.receiver else None,
            "correlation_id": exchange.correlation_id,
            "http_status": reply.http_status,
            "status_code": reply.status_code,
            "ms": round(exchange.milliseconds, 1),
        },
    )
