"""Settings: what a bad value says, what is not said, and that the documentation is complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from cpo_adapter.settings import CpoSettings
from emsp_adapter.settings import EmspSettings
from ocpi_hub.node.settings import NodeSettings
from ocpi_hub.service.refusals import SettingsError
from ocpi_hub.settings import HubSettings

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"
ROW = re.compile(r"\| `((?:OCPI_HUB|CPO|EMSP)_\w+)` \| (.+?) \| (.+) \|")
# Defaults that are worked out, in the words of the documentation.
IN_WORDS = {"data_dir": "the user's data folder", "public_url": "`http://HOST:PORT`"}
KEY = Fernet.generate_key().decode()
URL = "postgresql://hub:open-sesame@db.example.com/hub"

BAD = [
    pytest.param("PORT", "80x", "is '80x': expected a whole number", id="not a number"),
    pytest.param("PORT", "70000", "is '70000': expected a number of at most 65535", id="large"),
    pytest.param("PORT", "9" * 5000, "expected a whole number", id="5000 digits"),
    pytest.param("RATE_LIMIT", "-1", "is '-1': expected a number of at least 0", id="negative"),
    pytest.param("POOL_SIZE", "1.5", "is '1.5': expected a whole number", id="fraction"),
    pytest.param("FORWARD_TIMEOUT", "0", "is '0': expected a number above 0", id="no time"),
    pytest.param("PULL_INTERVAL", "nan", "is 'nan': expected a number", id="NaN"),
    pytest.param("CDR_CUSTODY", "maybe", "is 'maybe': expected true or false", id="boolean"),
    pytest.param("AGREEMENTS", "none", "expected 'open' or 'required'", id="choice"),
    pytest.param("COUNTRY_CODE", "NLD", "expected two letters, such as NL", id="country"),
    pytest.param("PARTY_ID", "H-B", "expected three letters or digits, such as HUB", id="party"),
    pytest.param("PUBLIC_URL", "hub.example.com", "an absolute http or https URL", id="no scheme"),
    pytest.param("PUBLIC_URL", "http://[::1", "an absolute http or https URL", id="bad IPv6"),
    pytest.param("PUBLIC_URL", "http://h:99999", "an absolute http or https URL", id="bad port"),
    pytest.param("PUBLIC_URL", "http://h/?a=b", "only a scheme, a host", id="query"),
    pytest.param("NAME", "x" * 101, "expected at most 100 characters", id="long name"),
]
BAD_SECRETS = [
    pytest.param("DATABASE_URL", "mysql://hub:open-sesame@db/hub", id="not PostgreSQL"),
    pytest.param("SECRET_KEY", "open-sesame", id="not a key"),
    pytest.param("SECRET_KEY", f"{KEY},open-sesame", id="second is not a key"),
    pytest.param("METRICS_TOKEN", "open-sesame please", id="spaces in a token"),
]


@pytest.mark.parametrize(("name", "value", "said"), BAD)
def test_a_bad_value_is_one_sentence_that_names_the_variable(
    name: str, value: str, said: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        HubSettings.from_env({f"OCPI_HUB_{name}": value})

    assert str(refused.value).startswith(f"OCPI_HUB_{name} is ")
    assert said in str(refused.value)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize(("name", "value"), BAD_SECRETS)
def test_a_bad_secret_is_named_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"OCPI_HUB_{name} is not valid") as refused:
        HubSettings.from_env({f"OCPI_HUB_{name}": value})

    assert "open-sesame" not in str(refused.value)


def test_a_database_url_needs_a_secret_key() -> None:
    with pytest.raises(SettingsError, match="OCPI_HUB_SECRET_KEY is missing: expected") as refused:
        HubSettings.from_env({"OCPI_HUB_DATABASE_URL": URL})

    assert "OCPI_HUB_DATABASE_URL is given" in str(refused.value)


def test_secrets_are_in_no_text_of_the_settings() -> None:
    settings = HubSettings.from_env({"OCPI_HUB_DATABASE_URL": URL, "OCPI_HUB_SECRET_KEY": KEY})

    assert settings.secrets() == [URL, KEY]
    assert URL not in repr(settings)
    assert KEY not in repr(settings)


def test_a_given_value_is_read_and_tidied() -> None:
    settings = HubSettings.from_env(
        {
            "OCPI_HUB_PUBLIC_URL": " https://hub.example.com/roaming/ ",
            "OCPI_HUB_COUNTRY_CODE": "de",
            "OCPI_HUB_LOG_LEVEL": "DEBUG",
            "OCPI_HUB_DATA_DIR": "~/hub",
        }
    )

    assert settings.public_url == "https://hub.example.com/roaming"
    assert settings.country_code == "DE"
    assert settings.log_level == "debug"
    assert settings.data_dir == Path.home() / "hub"


def test_the_public_url_follows_host_and_port_when_it_is_not_given() -> None:
    settings = HubSettings.from_env({"OCPI_HUB_HOST": "::1", "OCPI_HUB_PORT": "9000"})

    assert settings.public_url == "http://[::1]:9000"


def test_stripe_without_its_key_is_one_sentence() -> None:
    with pytest.raises(SettingsError) as refused:
        EmspSettings.from_env({"EMSP_PAYMENT": "Stripe"})

    assert str(refused.value).startswith("EMSP_STRIPE_KEY is missing: expected ")


def test_an_empty_variable_is_not_given() -> None:
    settings = HubSettings.from_env({"OCPI_HUB_PORT": "", "OCPI_HUB_DATABASE_URL": " "})

    assert settings.port == 8000
    assert settings.database_url is None


def test_an_unknown_variable_is_a_warning_with_the_nearest_name() -> None:
    warnings = HubSettings.unknown({"OCPI_HUB_PROT": "1", "OCPI_HUB_PORT": "1", "HOME": "/"})

    assert warnings == [
        "OCPI_HUB_PROT is not a setting and is ignored: did you mean OCPI_HUB_PORT?"
    ]


@pytest.mark.parametrize("service", [HubSettings, CpoSettings, EmspSettings])
def test_the_documentation_has_every_setting_and_no_other(service: type[NodeSettings]) -> None:
    documented = [
        row for row in ROW.findall(DOCUMENT.read_text()) if row[0].startswith(service.prefix)
    ]

    assert documented == [_row(service, name) for name in service.model_fields]


def _row(service: type[NodeSettings], name: str) -> tuple[str, str, str | None]:
    field = service.model_fields[name]
    default = IN_WORDS.get(name) or _written(field.default)
    return service.variable(name), default, field.description


def _written(default: object) -> str:
    match default:
        case None | "":
            return "none"
        case bool():
            return f"`{str(default).lower()}`"
        case float():
            return f"`{default:g}`"
        case _:
            return f"`{default}`"
