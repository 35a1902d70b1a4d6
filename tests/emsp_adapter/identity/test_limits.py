"""How often one network address may try."""

from __future__ import annotations

import httpx

from tests.emsp_adapter.identity.browsing import PASSWORD, Shared, browser


async def test_who_guesses_at_the_token_endpoint_waits(shared: Shared) -> None:
    async with httpx.AsyncClient() as http:
        answers = [
            await http.post(
                f"{shared.url}/oauth/token",
                data={
                    "grant_type": "refresh_token",
                    "client_id": "web",
                    "refresh_token": f"guess {number}",
                },
            )
            for number in range(64)
        ]

    assert {answer.status_code for answer in answers[:55]} == {400}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[-1].json()["error"] == "invalid_request"


async def test_who_guesses_links_waits_and_signs_in_later(shared: Shared) -> None:
    account = shared.account()
    async with browser(shared) as eve:
        page = await eve.open("/account/sign-in")
        guesses = [await eve.open(f"/account/reset?token=guess{number}") for number in range(61)]
        answer = await eve.send(page, email=account.email, password=PASSWORD)

    assert guesses[0].status_code == 410
    assert (guesses[-1].status_code, answer.status_code) == (429, 429)
    assert "too often" in answer.text
    assert int(answer.headers["retry-after"]) >= 1
