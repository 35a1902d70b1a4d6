"""What commands say to people."""

from __future__ import annotations

import pytest

from ocpi_hub.node import output


def test_a_terminal_does_not_obey_what_a_partner_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_line("tariff \x1b[2Jcleared")
    output.table(["ID"], [["\x1b[31mred\x9b"]], empty="none")
    output.say("line\rover")

    written = capsys.readouterr()
    assert written.out.split() == ["tariff", r"\x1b[2Jcleared", "ID", r"\x1b[31mred\x9b"]
    assert written.err == "line\\rover\n"
