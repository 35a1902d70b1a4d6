"""What a service says while it runs: JSON lines on stderr, or one readable line on a terminal.

No secret gets out: not by the name of its key, not as an Authorization header in a text, not as a
value that was registered, and not in a traceback either.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import IO, Any

_HIDDEN = "[hidden]"
_SECRET_KEYS = re.compile(
    r"authorization|cookie|credential|dsn|passw(or)?d|secret|(^|_)token(_[abc])?$|database_url",
    re.IGNORECASE,
)
_AUTHORIZATION = re.compile(
    r"(authorization[\W b]{1,8}(?:token|bearer|basic)\s+)[\w+/=.~:-]+", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_URL_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@/\s]+@")

# Every line is searched for each of them, so there is a limit; a service has about five.
_MOST_SECRETS = 256
_SHORTEST_SECRET = 6
_secrets: set[str] = set()

_HINT_CHARACTERS = 8
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Libraries that log what we log ourselves, URLs and all.
_TALKATIVE = ("httpx", "httpcore", "aiohttp.access", "alembic", "uvicorn")


def configure(level: str) -> None:
    """Sends all logging to stderr, in the form that fits what is there to read it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter_for(sys.stderr))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # A line that cannot be written is dropped: the complaint would show its arguments as they are.
    logging.raiseExceptions = False
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def formatter_for(stream: IO[str]) -> logging.Formatter:
    """One readable line for a terminal, JSON for everything else."""
    return LineFormatter() if stream.isatty() else JsonFormatter()


def register_secret(value: str) -> None:
    """From now on the value is hidden wherever it turns up; too short a one would hide words."""
    if len(value) >= _SHORTEST_SECRET and len(_secrets) < _MOST_SECRETS:
        _secrets.add(value)


def token_hint(token: str) -> str:
    """What may be shown of a token: enough to tell two apart, nothing to use."""
    return hashlib.sha256(token.encode()).hexdigest()[:_HINT_CHARACTERS]


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: ts, level, logger, message, the extras, and the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "ts": _timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extras(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _hide(json.dumps(line, default=str, ensure_ascii=False))


class LineFormatter(logging.Formatter):
    """A record as one line to read, followed by its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        extras = "".join(f" {key}={value}" for key, value in _extras(record).items())
        time = _timestamp(record)[11:19]
        line = f"{time} {record.levelname.lower():7} {record.getMessage()}{extras}"
        # What a partner sent neither begins a line of its own nor commands the terminal.
        line = _CONTROL.sub(lambda found: ascii(found[0])[1:-1], line)
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return _hide(line)


def _timestamp(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    given = {key: value for key, value in vars(record).items() if key not in _ORDINARY}
    return {key: _without_secrets(key, value) for key, value in given.items()}


def _without_secrets(key: str, value: object) -> object:
    if _SECRET_KEYS.search(key):
        return _HIDDEN
    if isinstance(value, Mapping):
        return {str(k): _without_secrets(str(k), v) for k, v in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [_without_secrets("", item) for item in value]
    return value


def _hide(text: str) -> str:
    text = _AUTHORIZATION.sub(rf"\1{_HIDDEN}", text)
    text = _URL_PASSWORD.sub(rf"\1{_HIDDEN}@", text)
    for secret in _secrets:
        # A secret is also looked for as JSON writes it.
        for form in (secret, json.dumps(secret, ensure_ascii=False)[1:-1]):
            text = text.replace(form, _HIDDEN)
    return text
