"""How often one network address may try."""

from __future__ import annotations

import httpx

from tests.emsp_adapter.identity.browsing import PASSWORD, Shared, browser

# More than a minute's share, as one comes back each second.
_MOST = 500


async def test_who_guesses_at_the_token_endpoint_waits(shared: Shared) -> None:
    answers: list[httpx.Response] = []
    async with browser(shared) as eve:
        while len(answers) < _MOST and (not answers or answers[-1].status_code == 400):
            guess = {
                "grant_type": "refresh_token",
                "client_id": "web",
                "refresh_token": f"guess {len(answers)}",
            }
            answers.append(await eve.http.post("/oauth/token", data=guess))

    assert len(answers) > 55
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[-1].json()["error"] == "invalid_request"


async def test_who_guesses_links_waits_and_signs_in_later(shared: Shared) -> None:
    account = shared.account()
    guesses: list[httpx.Response] = []
    async with browser(shared) as eve:
        page = await eve.open("/account/sign-in")
        while len(guesses) < _MOST and (not guesses or guesses[-1].status_code == 410):
            guesses.append(await eve.open(f"/account/reset?token=guess{len(guesses)}"))
        answer = await eve.send(page, email=account.email, password=PASSWORD)

    assert len(guesses) > 55
    assert (guesses[-1].status_code, answer.status_code) == (429, 429)
    assert "too often" in answer.text
    assert int(answer.headers["retry-after"]) >= 1
