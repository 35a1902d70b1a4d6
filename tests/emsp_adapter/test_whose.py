"""Commands that are told only where the adapter's data is write as the adapter does."""

from __future__ import annotations

from tests.emsp_adapter.commands import EmspCommands
from tests.hub.commands import KEY
from tests.serving import free_port


def test_a_command_gives_out_cards_and_links_of_its_adapter(emsp_database_url: str) -> None:
    bare = EmspCommands({"DATABASE_URL": emsp_database_url, "SECRET_KEY": KEY})
    port = str(free_port())
    with bare.given(PARTY_ID="MPL", LOG_LEVEL="error").running("serve", "--port", port):
        driver = bare("driver", "add", "ada@drivers.example", "--json")

    card = bare("token", "add", "DEADBEEF01", "--driver", "ada@drivers.example", "--json")

    assert driver.json["link"].startswith(f"http://127.0.0.1:{port}/")
    assert card.json["contract_id"].startswith("NL-MPL-")
