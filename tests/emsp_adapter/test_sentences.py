"""Every sentence that drivers read has its words in every language, and is said in theirs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import httpx
import pytest

from emsp_adapter.driver_api.limits import Limits
from emsp_adapter.drivers.sentences import CATALOGUES, SAYS, said
from emsp_adapter.money.settling import Settling
from emsp_adapter.payments import demo
from ocpi_hub.node.rest import problems
from tests.emsp_adapter import billed
from tests.emsp_adapter.charging import AT_EVSE1, publish, start
from tests.emsp_adapter.paying import pays_with, stripe
from tests.emsp_adapter.running import Adapter, Cpo, Driver, adapter, cpo
from tests.emsp_adapter.stripe_server import DECLINED

_ROOT = Path(__file__).parents[2]
# What only the description of the API says.
_DESCRIBING = {"examples.py", "scheme.py"}
_ARGUMENTS_DESCRIBING = {"description", "json_schema_extra"}
_DRIVER_API = [
    path
    for path in sorted((_ROOT / "emsp_adapter" / "driver_api").glob("*.py"))
    if path.name not in _DESCRIBING
]
# Where else sentences for drivers are said.
_SPEAKERS = [
    "emsp_adapter/charging/blocking.py",
    "emsp_adapter/charging/charges.py",
    "emsp_adapter/charging/overdue.py",
    "emsp_adapter/charging/plug_codes.py",
    "emsp_adapter/charging/preferences.py",
    "emsp_adapter/charging/reserving.py",
    "emsp_adapter/charging/scheduling.py",
    "emsp_adapter/charging/starting.py",
    "emsp_adapter/charging/stopping.py",
    "emsp_adapter/charging/unlocking.py",
    "emsp_adapter/contracts/suspicion.py",
    "emsp_adapter/contracts/tokens.py",
    "emsp_adapter/drivers/accounts.py",
    "emsp_adapter/drivers/problems.py",
    "emsp_adapter/drivers/webhooks.py",
    "emsp_adapter/money/credit.py",
    "emsp_adapter/money/plans.py",
    "emsp_adapter/money/statements.py",
    "emsp_adapter/network/availability.py",
    "emsp_adapter/network/chances.py",
    "emsp_adapter/network/places.py",
    "emsp_adapter/payments/demo.py",
    "emsp_adapter/payments/holding.py",
    "emsp_adapter/payments/methods.py",
    "emsp_adapter/payments/stripe.py",
    "ocpi_hub/node/rest/bodies.py",
    "ocpi_hub/node/rest/problems.py",
    "ocpi_hub/node/rest/routes.py",
]
# The same, but of the CPO's own answers: only what are whole sentences.
_OF_ANSWERS = ["emsp_adapter/charging/commands.py"]
_SAYING = {
    *("Problem", "Refused", "TooSmall", "NoCard", "CardInUse", "ObjectNotFound", "UnknownPlace"),
    *("InvalidParameters", "NoStatement", "ValueError", "PydanticCustomError"),
    *("_at_fault", "_unknown", "said"),
}
_WITH_DOCSTRING = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_GAP = re.compile(r"\{\w+\}")
_FIELD = re.compile(r"^[\w.-]+: ", re.ASCII)
# Heard by the code around it, or by an operator over OCPI.
_NOT_FOR_DRIVERS = {"no time zone", "of another question", "7 is no report that 7 was told"}


def _text(node: ast.AST) -> str:
    """The text of a literal, with 7 in its gaps."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(value) or "7" for value in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _GAP.sub("7", node.value)
    return ""


def _described(tree: ast.AST) -> Iterator[str]:
    """Docstrings, and what the description of the API says."""
    for node in ast.walk(tree):
        if isinstance(node, _WITH_DOCSTRING):
            yield ast.get_docstring(node, clean=False) or ""
        if isinstance(node, ast.keyword) and node.arg in _ARGUMENTS_DESCRIBING:
            yield from map(_text, ast.walk(node.value))


def _sentences(path: Path) -> set[str]:
    """What a module says: whole sentences, and what it gives to those who refuse."""
    tree = ast.parse(path.read_text())
    described = set(_described(tree))
    texts = {_text(node) for node in ast.walk(tree)} - described
    whole = {text for text in texts if text[:1].isupper() and text.endswith(".")}
    if str(path.relative_to(_ROOT)) in _OF_ANSWERS:
        return whole
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    given = {
        _text(argument)
        for call in calls
        if getattr(call.func, "id", getattr(call.func, "attr", "")) in _SAYING
        for argument in call.args
    }
    found = {_FIELD.sub("", text) for text in given if " " in text}
    return (whole | found) - _NOT_FOR_DRIVERS - {"7"}


def _spoken() -> set[str]:
    """Everything that is said."""
    paths = [*_DRIVER_API, *(_ROOT / each for each in (*_SPEAKERS, *_OF_ANSWERS))]
    limits = {f"more than 7 {getattr(Limits(), each.name).what}" for each in fields(Limits)}
    validation = {_GAP.sub("7", words) for words in problems._WORDS.values()} - {"expected 7"}
    listed = {"expected '7'", SAYS, demo.NOTE, demo.LABEL}
    return {each for path in paths for each in _sentences(path)} | limits | validation | listed


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_sentence_has_its_words_and_no_words_are_for_nothing(language: str) -> None:
    known = {_GAP.sub("7", sentence) for sentence in CATALOGUES[language]}

    spoken = _spoken()

    assert (sorted(spoken - known), sorted(known - spoken)) == ([], [])


@pytest.mark.parametrize("language", CATALOGUES)
def test_words_have_the_gaps_of_their_sentence(language: str) -> None:
    gaps = {
        sentence: (sorted(_GAP.findall(sentence)), sorted(_GAP.findall(words)))
        for sentence, words in CATALOGUES[language].items()
    }

    assert {each for each, (ours, theirs) in gaps.items() if ours != theirs} == set()


SAID = {
    "in English": ("The charge is over.", "en", "The charge is over."),
    "in German": ("The charge is over.", "de", "Der Ladevorgang ist beendet."),
    "with the operator's words": (
        'The operator declined the request. It says: "Closed"',
        "de",
        'Der Betreiber hat die Anfrage abgelehnt. Die Meldung: "Closed"',
    ),
    "with a gap": (
        "Payments in ISK are not possible here yet.",
        "de",
        "Zahlungen in ISK sind hier noch nicht möglich.",
    ),
    "with the name of a field": (
        "until: expected a moment within 24 hours",
        "de",
        "until: erwartet wird ein Zeitpunkt in den nächsten 24 Stunden",
    ),
    "with a gap that looks like another": (
        "location: 'X' is not known, expected an id such as NL*CPO*LOC1",
        "de",
        "location: 'X' ist nicht bekannt, erwartet wird eine Kennung wie NL*CPO*LOC1",
    ),
    "what nobody has words for": ("The moon is full.", "de", "The moon is full."),
}


@pytest.mark.parametrize(("sentence", "language", "expected"), SAID.values(), ids=SAID)
def test_a_sentence_in_a_language(sentence: str, language: str, expected: str) -> None:
    assert said(sentence, language) == expected


# --- as it is heard ------------------------------------------------------------------------------

_GERMAN = {"Accept-Language": "de-AT, en;q=0.5"}


@pytest.fixture
async def ada(emsp: Adapter) -> Driver:
    """A driver whose app asks for German."""
    driver = await emsp.driver()
    driver.api.headers.update(_GERMAN)
    return driver


async def test_a_german_driver_hears_of_the_demo_in_german(ada: Driver, partner: Cpo) -> None:
    await publish(partner)

    added = (await ada.api.post("/payment-methods", json={"kind": "demo"})).json()
    charge = (await start(ada)).json()

    assert added["label"] == "Demo-Karte (bewegt kein Geld)"
    assert added["note"] == "Vorführung: Es wird kein Geld bewegt."
    assert charge["payment"]["provider_note"] == "Vorführung: Es wird kein Geld bewegt."


REFUSED = {
    "a body": ("POST", "/cards", {"uid": 7}, "uid: erwartet wird ein Text"),
    "a query": ("GET", "/charges?limit=x", None, "limit: erwartet wird eine ganze Zahl"),
    "a parameter": ("GET", "/charges?x=1", None, "x: ist kein Parameter dieser Anfrage"),
    "an id": ("GET", "/charges/X", None, "den Ladevorgang 'X' gibt es nicht"),
    "a place": (
        "POST",
        "/charges",
        AT_EVSE1,
        "location: 'NL*CPO*LOC1' ist nicht bekannt, erwartet wird eine Kennung wie NL*CPO*LOC1",
    ),
    "a plan": ("PUT", "/plan", {"id": "x"}, "id: 'x' ist kein Tarif, der angeboten wird"),
    "an address": (
        "PATCH",
        "/me",
        {"email": "x"},
        "email: erwartet wird eine E-Mail-Adresse wie name@example.com",
    ),
}


@pytest.mark.parametrize(("method", "path", "body", "detail"), REFUSED.values(), ids=REFUSED)
async def test_a_refusal_is_said_in_german(
    ada: Driver, method: str, path: str, body: dict[str, object] | None, detail: str
) -> None:
    answer = await ada.api.request(method, path, json=body)

    assert answer.status_code in (404, 422)
    assert answer.json()["detail"] == detail


SPOKEN = {
    "the driver's language": (None, "den Ladevorgang 'X' gibt es nicht"),
    "what the request asks for": ("en", "there is no charge 'X'"),
    "the driver's where that is not spoken": ("fr", "den Ladevorgang 'X' gibt es nicht"),
}


@pytest.mark.parametrize(("asked", "detail"), SPOKEN.values(), ids=SPOKEN)
async def test_the_language_is(emsp: Adapter, asked: str | None, detail: str) -> None:
    driver = await emsp.driver()
    await emsp.rows("UPDATE drivers SET locale = 'de-CH' RETURNING id")
    headers = {} if asked is None else {"Accept-Language": asked}

    answer = await driver.api.get("/charges/X", headers=headers)

    assert answer.json()["detail"] == detail


async def test_a_body_is_judged_in_the_drivers_language(emsp: Adapter) -> None:
    driver = await emsp.driver()
    await emsp.rows("UPDATE drivers SET locale = 'de' RETURNING id")

    refused = await driver.api.post("/charges", json={"location": "x"})
    added = await driver.api.post("/payment-methods", json={"kind": "demo"})

    assert refused.json()["detail"] == "evse_uid: fehlt"
    assert added.json()["note"] == "Vorführung: Es wird kein Geld bewegt."


async def test_who_has_no_token_hears_so_in_german(emsp: Adapter) -> None:
    async with httpx.AsyncClient(base_url=f"{emsp.url}/app/v1", headers=_GERMAN) as api:
        answer = await api.get("/me", headers={"Authorization": "Bearer x"})

    detail = "das Zugriffstoken ist unbekannt, abgelaufen oder widerrufen"
    assert (answer.status_code, answer.json()["detail"]) == (401, detail)


async def test_a_card_that_is_declined_is_explained_in_german(emsp_database_url: str) -> None:
    async with (
        stripe() as server,
        adapter(emsp_database_url, **server.settings) as emsp,
        cpo(emsp) as partner,
    ):
        driver = await emsp.driver()
        await emsp.rows("UPDATE drivers SET locale = 'de' RETURNING id")
        german = driver.api
        german.headers.update(_GERMAN)
        await publish(partner)

        without = await german.post("/charges", json=AT_EVSE1)
        await pays_with(emsp, driver, DECLINED)
        declined = (await german.post("/charges", json=AT_EVSE1)).json()
        bill = await billed.for_cdr(emsp, driver, gross="7.26")
        await Settling(emsp.office).step()
        unpaid = await german.post("/charges", json=AT_EVSE1)
        mail = await emsp.mail_to("ada@drivers.example", subject="Zahlung ist fehlgeschlagen")

    assert without.json()["detail"] == "Fügen Sie ein Zahlungsmittel hinzu, bevor Sie laden."
    assert declined["reason"] == "Die Karte wurde abgelehnt."
    assert unpaid.json()["detail"] == (
        f"Der Beleg {bill.number} ist nicht bezahlt; bezahlen Sie ihn, oder fügen Sie ein anderes"
        " Zahlungsmittel hinzu."
    )
    assert "Grund: Die Karte wurde abgelehnt.\n" in mail.get_content()
