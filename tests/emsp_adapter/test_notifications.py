"""What drivers are told of what happened: by e-mail in their language, and by their webhook."""

from __future__ import annotations

from typing import Any

import pytest

from emsp_adapter.drivers import notifications
from emsp_adapter.drivers.notification_texts import CATALOGUES, written
from emsp_adapter.drivers.notifications import Notification
from ocpi_hub.node.signing import new_secret
from tests.emsp_adapter.reporting import until
from tests.emsp_adapter.running import Adapter, Driver, adapter, mail_files
from tests.hooks import Hook
from tests.serving import free_port, serving

FACTS = {
    "station": "Station Square",
    "energy_kwh": "12.5",
    "gross": "4.88",
    "currency": "EUR",
    "reason": None,
}


@pytest.fixture
async def ada(emsp: Adapter) -> Driver:
    """A driver."""
    return await emsp.driver("ada@drivers.example")


async def noted(
    emsp: Adapter, driver: Driver, kind: str = "receipt_ready", subject_id: str = "B1", **more: Any
) -> None:
    async with emsp.db.hot_transaction() as conn:
        await notifications.note(
            conn,
            driver.id,
            kind,
            subject_id=subject_id,
            facts={**FACTS, **more},
            now=emsp.office.now(),
        )


async def all_told(emsp: Adapter) -> None:
    """Waits until nothing waits."""

    async def look() -> bool:
        row = await emsp.row(
            "SELECT (SELECT count(*) FROM notifications WHERE told_at IS NULL)"
            " + (SELECT count(*) FROM outbox WHERE next_at <= now())"
        )
        return row == (0,)

    await until(look)


# --- e-mail --------------------------------------------------------------------------------------


async def test_a_driver_is_told_in_its_language(emsp: Adapter, ada: Driver) -> None:
    await emsp.rows("UPDATE drivers SET locale = 'de-CH' WHERE id = %s RETURNING id", ada.id)

    await noted(emsp, ada)

    mail = await emsp.mail_to("ada@drivers.example", subject="Ihr Beleg")
    assert "Station: Station Square\nEnergie: 12.5 kWh\nGesamt: 4.88 EUR\n" in mail.get_content()
    assert "Grund" not in mail.get_content()


async def test_the_same_is_told_once(emsp: Adapter, ada: Driver) -> None:
    for _ in range(3):
        await noted(emsp, ada)
        await all_told(emsp)
    await noted(emsp, ada, subject_id="B2")
    await all_told(emsp)

    mails = await emsp.rows("SELECT max(id) FROM notifications WHERE told_at IS NOT NULL")
    files = mail_files(emsp.settings.data_dir)
    assert mails != [(None,)]
    assert len(files) == 2


async def test_a_driver_hears_by_email_what_it_wants(emsp: Adapter, ada: Driver) -> None:
    usual = (await ada.api.get("/notifications")).json()
    await ada.api.put(
        "/notifications", json={"email": {"receipt_ready": False, "charge_started": True}}
    )

    await noted(emsp, ada, "receipt_ready")
    await noted(emsp, ada, "charge_started")
    await all_told(emsp)

    changed = (await ada.api.get("/notifications")).json()["email"]
    mail = await emsp.mail_to("ada@drivers.example")
    assert mail["Subject"] == "Charging has started"
    assert (usual["email"]["receipt_ready"], usual["email"]["charge_started"]) == (True, False)
    assert (changed["receipt_ready"], changed["charge_started"]) == (False, True)
    assert usual["webhook"] is None


async def test_who_is_gone_is_told_nothing(emsp: Adapter, ada: Driver) -> None:
    await emsp.rows("UPDATE drivers SET status = 'deleted' WHERE id = %s RETURNING id", ada.id)

    await noted(emsp, ada)
    await all_told(emsp)

    assert not await emsp.rows("SELECT 1 FROM outbox")


async def test_no_operator_turns_the_words_of_a_mail_round(emsp: Adapter, ada: Driver) -> None:
    await noted(emsp, ada, station="Station\u202e Square\u200b")

    mail = await emsp.mail_to("ada@drivers.example", subject="Your receipt")
    assert "Station: Station Square\nEnergy" in mail.get_content()


# --- the driver's webhook ------------------------------------------------------------------------


async def test_a_webhook_hears_everything_signed(emsp: Adapter, ada: Driver) -> None:
    hook, port = Hook(), free_port()
    url = f"http://127.0.0.1:{port}/events"
    answer = await ada.api.put(
        "/notifications", json={"email": {"charge_started": False}, "webhook": {"url": url}}
    )
    secret = answer.json()["webhook"]["secret"]

    async with serving(hook.app, port):
        await noted(emsp, ada, "charge_started", "C1", charge_id="C1")
        await until(lambda: _received(hook))

    (event,) = hook.documents
    assert (event["type"], event["data"]["subject_id"]) == ("charge_started", "C1")
    assert event["data"]["charge_id"] == "C1"
    assert hook.signed(secret)
    assert hook.received[0][0]["user-agent"].startswith("ocpi-roaming-hub/")
    assert (await ada.api.get("/notifications")).json()["webhook"] == {"url": url}


async def test_a_webhook_gives_a_reason_in_the_language_of_the_driver(
    emsp: Adapter, ada: Driver
) -> None:
    await emsp.rows("UPDATE drivers SET locale = 'de' WHERE id = %s RETURNING id", ada.id)
    hook, port = Hook(), free_port()
    await ada.api.put("/notifications", json={"webhook": {"url": f"http://127.0.0.1:{port}/"}})

    async with serving(hook.app, port):
        await noted(emsp, ada, "charge_failed", reason="The charging point is in use.")
        await until(lambda: _received(hook))

    (event,) = hook.documents
    assert event["data"]["reason"] == "Der Ladepunkt ist belegt."


async def _received(hook: Hook) -> bool:
    return bool(hook.received)


async def test_a_secret_is_kept_with_its_url_and_changed_on_request(ada: Driver) -> None:
    async def put(webhook: dict[str, str] | None) -> dict[str, str] | None:
        answer = await ada.api.put("/notifications", json={"webhook": webhook})
        shown: dict[str, str] | None = answer.json()["webhook"]
        return shown

    url, mine = "https://app.example/hook", new_secret()

    first = await put({"url": url})
    same = await put({"url": url})
    given = await put({"url": url, "secret": mine})
    other = await put({"url": "https://app.example/other"})

    assert first is not None
    assert first["secret"].startswith("whsec_")
    assert same == {"url": url}
    assert given == {"url": url, "secret": mine}
    assert other is not None
    assert other["secret"] not in (mine, first["secret"])
    assert await put(None) is None


async def test_a_webhook_that_was_taken_away_is_called_no_more(emsp: Adapter, ada: Driver) -> None:
    await ada.api.put(
        "/notifications", json={"webhook": {"url": f"http://127.0.0.1:{free_port()}/"}}
    )
    await noted(emsp, ada, "charge_started")
    await until(lambda: emsp.rows("SELECT 1 FROM outbox WHERE failure IS NOT NULL"))

    await ada.api.put("/notifications", json={})

    assert not await emsp.rows("SELECT 1 FROM outbox")


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a path": ({"url": "/hook"}, "webhook.url"),
    "another scheme": ({"url": "ftp://app.example/"}, "webhook.url"),
    "a script": ({"url": "javascript:alert(1)"}, "webhook.url"),
    "a user": ({"url": "https://a:b@app.example/"}, "webhook.url"),
    "a short secret": ({"url": "https://app.example/", "secret": "whsec_YQ=="}, "webhook.secret"),
    "more than is known": ({"url": "https://app.example/", "events": []}, "webhook.events"),
}


@pytest.mark.parametrize(("webhook", "field"), BAD.values(), ids=BAD)
async def test_a_webhook_that_cannot_be_is_refused(
    ada: Driver, webhook: dict[str, Any], field: str
) -> None:
    answer = await ada.api.put("/notifications", json={"webhook": webhook})

    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_outside_of_private_networks_a_webhook_is_https(emsp_database_url: str) -> None:
    async with adapter(emsp_database_url, allow_private_networks=False) as emsp:
        ada = await emsp.driver()

        plain = await ada.api.put(
            "/notifications", json={"webhook": {"url": "http://app.example/hook"}}
        )

    assert (plain.status_code, plain.json()["detail"]) == (
        422,
        "webhook.url: expected an https URL",
    )


NEVER_CALLED = {
    "loopback": "https://127.0.0.1/hook",
    "loopback of IPv6": "https://[::1]/hook",
    "a mapped address": "https://[::ffff:10.0.0.1]/hook",
    "a private address": "https://192.168.1.1/hook",
    "this machine": "https://localhost/hook",
    "a name below it": "https://app.localhost./hook",
    "an address as one number": "https://2130706433/hook",
    "another service's port": "https://app.example:22/hook",
    "the adapter itself": "https://emsp.example/hook",
}


async def test_outside_of_private_networks_a_webhook_that_is_never_called_is_refused(
    emsp_database_url: str,
) -> None:
    async with adapter(
        emsp_database_url, allow_private_networks=False, public_url="https://emsp.example"
    ) as emsp:
        ada = await emsp.driver()
        answers = {
            name: await ada.api.put("/notifications", json={"webhook": {"url": url}})
            for name, url in NEVER_CALLED.items()
        }
        taken = await ada.api.put(
            "/notifications", json={"webhook": {"url": "https://app.example:8443/hook"}}
        )

    assert {name: each.status_code for name, each in answers.items()} == dict.fromkeys(answers, 422)
    assert {each.json()["field"] for each in answers.values()} == {"webhook.url"}
    assert taken.status_code == 200


async def test_a_kind_that_is_none_is_refused(ada: Driver) -> None:
    answer = await ada.api.put("/notifications", json={"email": {"lottery": True}})

    assert answer.status_code == 422


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", CATALOGUES)
def test_a_catalogue_has_words_for_everything(language: str) -> None:
    words = CATALOGUES[language]

    receipts = {"receipt_ready_plan", "receipt_ready_credit"}
    assert set(words.kinds) == {kind.value for kind in Notification} | receipts
    assert list(words.facts) == list(CATALOGUES["en"].facts)


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("en", "Your receipt"),
        ("de", "Ihr Beleg"),
        ("de-AT", "Ihr Beleg"),
        ("DE", "Ihr Beleg"),
        ("fr", "Your receipt"),
        ("", "Your receipt"),
    ],
)
def test_the_language_is_the_drivers_or_english(locale: str, subject: str) -> None:
    found, _ = written("receipt_ready", {}, locale=locale, name="EMS", url="https://ems.example/")

    assert found == subject
