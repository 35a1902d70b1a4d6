"""A payment server that speaks the part of Stripe's API that the adapter uses; its own process.

It keeps a ledger of every amount that was held, captured, given back or refunded, which is what
tests look at. Idempotency keys work as Stripe's do: the same key gives the same answer, with other
parameters it is refused. `POST /control` has the next requests go wrong in a chosen way:

    {"path": "/capture", "then": "lose"}    done, and the connection closed without an answer
    {"path": "/capture", "then": "stall"}   done, and no answer until the server ends
    {"path": "/capture", "then": "500"}     not done, and 500
    {"path": "/capture", "then": "refuse"}  not done, and 402
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

DECLINED, UNCONFIRMED = "pm_declined", "pm_unconfirmed"
EXPIRED, POOR = "pm_expired", "pm_poor"
_STALL_SECONDS = 120.0
# The least that is charged or held, and of anything else 1.
_LEAST = {"eur": 50}

Answer = tuple[int, dict[str, Any]]


def _error(status: int, code: str, message: str, **more: Any) -> Answer:
    kind = "card_error" if status == 402 else "invalid_request_error"
    return status, {"error": {"type": kind, "code": code, "message": message, **more}}


_NOTHING = _error(400, "parameter_invalid_integer", "This value must be at least 1.")


@dataclass
class Books:
    """What was paid, and how the next requests go wrong."""

    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    # What moved: (what, payment, amount, currency).
    ledger: list[tuple[str, str, int, str]] = field(default_factory=list)
    answered: dict[str, tuple[object, Answer]] = field(default_factory=dict)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    troubles: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    made: int = 0

    def name(self, kind: str) -> str:
        """A new name of that kind."""
        self.made += 1
        return f"{kind}_{self.made:08}"

    def trouble(self, path: str) -> str | None:
        """How this request goes wrong, once."""
        for each in self.troubles:
            if path.endswith(each["path"]):
                self.troubles.remove(each)
                return each["then"]
        return None

    def once(self, key: str | None, method: str, path: str, given: Mapping[str, str]) -> Answer:
        """The answer, which a key gets once and for all."""
        said = (method, path, dict(given))
        if key is not None and key in self.answered:
            before, answer = self.answered[key]
            if before != said:
                return 400, {"error": {"type": "idempotency_error", "message": "another order"}}
            return answer
        answer = self.answer(method, path, given)
        if key is not None and method == "POST":
            self.answered[key] = said, answer
        return answer

    def answer(self, method: str, path: str, given: Mapping[str, str]) -> Answer:
        """What is done, and said of it."""
        match method, path.strip("/").split("/")[1:]:
            case "POST", ["payment_intents"]:
                return self._intent(given)
            case "GET", ["payment_intents", "search"]:
                return 200, {"data": self._found(given["query"])}
            case "GET", ["payment_intents", name] if name in self.intents:
                return 200, self.intents[name]
            case "POST", ["payment_intents", name, "capture"] if name in self.intents:
                return self._capture(self.intents[name], int(given["amount_to_capture"]))
            case "POST", ["payment_intents", name, "cancel"] if name in self.intents:
                return self._cancel(self.intents[name])
            case "POST", ["refunds"]:
                return self._refund(given)
            case "GET", ["refunds"]:
                of = given["payment_intent"]
                return 200, {"data": [r for r in self.refunds if r["payment_intent"] == of]}
            case "POST", ["checkout", "sessions"]:
                return self._session(given)
            case "GET", ["checkout", "sessions", name] if name in self.sessions:
                return 200, self.sessions[name]
            case "POST", ["payment_methods", name, "detach"]:
                return 200, {"id": name}
        return _error(404, "resource_missing", f"No such {path}")

    def _intent(self, given: Mapping[str, str]) -> Answer:
        if given["payment_method"] == DECLINED:
            return _error(402, "card_declined", "Your card was declined.")
        if given["payment_method"] == POOR:
            why = "Your card has insufficient funds."
            return _error(402, "card_declined", why, decline_code="insufficient_funds")
        if given["payment_method"] == EXPIRED:
            return _error(402, "expired_card", "Your card has expired.")
        if given["payment_method"] == UNCONFIRMED:
            return _error(402, "authentication_required", "Your card must be confirmed.")
        amount = int(given["amount"])
        if amount < 1:
            return _NOTHING
        if amount < _LEAST.get(given["currency"], 1):
            return _error(400, "amount_too_small", "Amount must be at least 50 cents.")
        made: dict[str, Any] = {
            "id": self.name("pi"),
            "amount": amount,
            "currency": given["currency"],
            "status": "requires_capture",
            "amount_received": 0,
            "metadata": _metadata(given),
        }
        self.intents[made["id"]] = made
        self._moved("held", made, made["amount"])
        if given["capture_method"] == "automatic":
            return self._capture(made, made["amount"])
        return 200, made

    def _capture(self, intent: dict[str, Any], amount: int) -> Answer:
        if amount < 1:
            return _NOTHING
        if intent["status"] != "requires_capture" or amount > intent["amount"]:
            return _error(400, "payment_intent_unexpected_state", "It cannot be captured.")
        intent |= {"status": "succeeded", "amount_received": amount}
        self._moved("captured", intent, amount)
        return 200, intent

    def _cancel(self, intent: dict[str, Any]) -> Answer:
        if intent["status"] != "requires_capture":
            return _error(400, "payment_intent_unexpected_state", "It cannot be cancelled.")
        intent["status"] = "canceled"
        self._moved("released", intent, intent["amount"])
        return 200, intent

    def _refund(self, given: Mapping[str, str]) -> Answer:
        intent = self.intents.get(given["payment_intent"])
        amount = int(given["amount"])
        if amount < 1:
            return _NOTHING
        if intent is None or amount > intent["amount_received"]:
            return _error(400, "charge_already_refunded", "There is not so much to give back.")
        made = {
            "id": self.name("re"),
            "payment_intent": intent["id"],
            "status": "succeeded",
            "metadata": _metadata(given),
        }
        self.refunds.append(made)
        self._moved("refunded", intent, amount)
        return 200, made

    def _session(self, given: Mapping[str, str]) -> Answer:
        name = self.name("cs")
        made = {
            "id": name,
            "url": f"https://checkout.stripe.example/{name}",
            "client_reference_id": given["client_reference_id"],
            "success_url": given["success_url"],
            "customer": None,
            "setup_intent": {"status": "requires_payment_method"},
        }
        self.sessions[name] = made
        return 200, made

    def fill_in(self, session: str, method: str) -> None:
        """The driver gives a card on the page."""
        card = {"id": method, "card": {"brand": "visa", "last4": "4242"}}
        self.sessions[session] |= {
            "customer": self.name("cus"),
            "setup_intent": {"status": "succeeded", "payment_method": card},
        }

    def _found(self, query: str) -> list[dict[str, Any]]:
        key = query.removeprefix("metadata['key']:'").removesuffix("'")
        return [each for each in self.intents.values() if each["metadata"].get("key") == key]

    def _moved(self, what: str, intent: Mapping[str, Any], amount: int) -> None:
        self.ledger.append((what, intent["id"], amount, intent["currency"]))


def _metadata(given: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix("metadata[").removesuffix("]"): value
        for name, value in given.items()
        if name.startswith("metadata[")
    }


class Desk(BaseHTTPRequestHandler):
    """Takes requests; `books` is set when the server is made."""

    books: Books
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A question."""
        url = urlsplit(self.path)
        if url.path == "/books":
            books = self.books
            self._say(200, {"ledger": books.ledger, "requests": books.requests})
            return
        self._serve("GET", url.path, dict(parse_qsl(url.query)))

    def do_POST(self) -> None:
        """An order, or what the test wants."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        match self.path:
            case "/control":
                self.books.troubles.append(json.loads(body))
                self._say(200, {})
            case "/fill-in":
                self.books.fill_in(**json.loads(body))
                self._say(200, {})
            case "/forget":
                self.books.answered.clear()
                self._say(200, {})
            case path:
                self._serve("POST", path, dict(parse_qsl(body, keep_blank_values=True)))

    def _serve(self, method: str, path: str, given: Mapping[str, str]) -> None:
        key = self.headers.get("Idempotency-Key")
        with self.books.lock:
            self.books.requests.append((method, path, key))
            trouble = self.books.trouble(path)
            if self.headers.get("Authorization") != "Bearer sk_test":
                status, said = _error(401, "api_key", "Invalid API Key")
            elif trouble == "500":
                status, said = 500, {"error": {"type": "api_error"}}
            elif trouble == "refuse":
                status, said = _error(402, "card_declined", "Your card was declined.")
            else:
                status, said = self.books.once(key, method, path, given)
        if trouble == "stall":
            threading.Event().wait(_STALL_SECONDS)
        if trouble == "lose":
            self.close_connection = True
            return
        self._say(status, said)

    def _say(self, status: int, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing; the books say it all."""


def main(port: int) -> None:
    """Serves until it is ended."""
    desk = type("OpenDesk", (Desk,), {"books": Books()})
    with ThreadingHTTPServer(("127.0.0.1", port), desk) as server:
        server.daemon_threads = True
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
