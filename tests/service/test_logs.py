"""Logging: JSON lines that a machine reads, and no secret in any of them (invariant 7)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from ocpi_hub.service import logs

LOG = logging.getLogger("test.said")
SECRET = 'open-"sesame"-öffne-dich'


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_secrets", set())
    logs.register_secret(SECRET)


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    yield stream
    LOG.removeHandler(handler)


def test_a_line_is_json_with_its_extras(said: io.StringIO) -> None:
    LOG.info("relayed %s", "it", extra={"ms": 12})

    line = json.loads(said.getvalue())
    assert line["ts"].endswith("Z")
    assert {"level": "info", "logger": "test.said", "message": "relayed it", "ms": 12}.items() <= (
        line.items()
    )


@pytest.mark.parametrize(
    "key", ["token", "token_a", "Authorization", "password", "secret_key", "client_secret", "dsn"]
)
def test_what_has_the_name_of_a_secret_is_hidden(said: io.StringIO, key: str) -> None:
    LOG.info("it", extra={"outer": {key: "value-of-it"}, key: "value-of-it"})

    assert "value-of-it" not in said.getvalue()


@pytest.mark.parametrize("key", ["token_uid", "token_hint", "token_type"])
def test_what_only_sounds_like_a_secret_is_shown(said: io.StringIO, key: str) -> None:
    LOG.info("it", extra={key: "012345678"})

    assert json.loads(said.getvalue())[key] == "012345678"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Token abcdef123456==",
        "(b'authorization', b'Bearer abcdef123456==')",
        "{'Authorization': 'Basic abcdef123456=='}",
        "cannot reach postgresql://hub:abcdef123456==@db.example.com/hub",
    ],
)
def test_a_secret_in_a_text_is_hidden(said: io.StringIO, text: str) -> None:
    LOG.info("%s", text)

    assert "abcdef123456" not in said.getvalue()


def test_a_registered_value_is_hidden_everywhere_tracebacks_included(said: io.StringIO) -> None:
    try:
        raise RuntimeError(f"no way in with {SECRET}")
    except RuntimeError:
        LOG.exception("tried %s", SECRET, extra={"with": [SECRET]})

    line = json.loads(said.getvalue())
    assert "sesame" not in said.getvalue()
    assert "RuntimeError: no way in with [hidden]" in line["exception"]


def test_too_short_a_secret_does_not_hide_words(said: io.StringIO) -> None:
    logs.register_secret("hub")

    LOG.info("the hub is up")

    assert "the hub is up" in said.getvalue()


def test_a_line_for_a_terminal_is_one_line_and_commands_nothing() -> None:
    record = logging.makeLogRecord(
        {"msg": "from\n\x1b[2Jpartner", "levelname": "INFO", "created": 0.0, "ms": 3}
    )

    assert logs.LineFormatter().format(record) == ("00:00:00 info    from\\n\\x1b[2Jpartner ms=3")


def test_the_form_goes_by_who_reads() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert isinstance(logs.formatter_for(Terminal()), logs.LineFormatter)
    assert isinstance(logs.formatter_for(io.StringIO()), logs.JsonFormatter)


def test_configured_logging_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.root.handlers[:], logging.root.level, logging.raiseExceptions
    logs.configure("warning")
    logging.getLogger("test.other").info("not this")
    logging.getLogger("test.other").warning("but this")
    logging.root.handlers[:], logging.root.level, logging.raiseExceptions = before

    out, err = capsys.readouterr()
    assert out == ""
    assert [json.loads(line)["message"] for line in err.splitlines()] == ["but this"]


def test_the_hint_of_a_token_tells_nothing() -> None:
    assert logs.token_hint("abc") == "ba7816bf"
