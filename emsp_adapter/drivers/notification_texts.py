"""The words of what drivers are told, in their language: a sentence, then a line for each fact.

A catalogue more is a language more. Plain text only: nothing that a driver or an operator wrote is
ever markup here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emsp_adapter.drivers.sentences import said

_OTHER_LANGUAGE = "en"
_LONGEST_FACT = 2000


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language: of each kind a subject and a sentence, of each fact its label."""

    kinds: Mapping[str, tuple[str, str]]
    # In the order in which they are shown.
    facts: Mapping[str, str]
    greeting: str
    closing: str


_EN = Catalogue(
    kinds={
        "charge_started": ("Charging has started", "Your car is charging."),
        "charge_finished": ("Charging has finished", "Your charge has come to its end."),
        "charge_failed": ("Charging did not start", "Your charge could not be started."),
        "receipt_ready": ("Your receipt", "The receipt for your charge is enclosed."),
        "receipt_ready_plan": ("Your receipt", "The receipt for your plan's month is enclosed."),
        "receipt_ready_credit": ("Your credit note", "You get money back; the paper is enclosed."),
        "scheduled_start_missed": (
            "A planned charge did not start",
            "The charge that you had planned did not start at its time.",
        ),
        "reservation_expired": (
            "Your reservation has ended",
            "Your reservation has ended without a charge.",
        ),
        "payment_failed": (
            "A payment failed",
            "A payment could not be made. Please look at your payment methods.",
        ),
        "problem_answered": (
            "An answer to your report",
            "There is news about the problem that you reported.",
        ),
        "bill_disputed": (
            "We are checking a charge",
            "The operator's bill for your charge is not what its price says. We are checking it;"
            " you pay nothing for it until that is settled.",
        ),
        "card_suspected": (
            "A card was used in an unusual way",
            "One of your cards was used as one driver hardly does, and may have been copied. While"
            " that goes on it is refused. If that was not you, block it in your account.",
        ),
    },
    facts={
        "card": "Card",
        "station": "Station",
        "address": "Address",
        "evse": "Charging point",
        "start_at": "Planned for",
        "until": "Until",
        "energy_kwh": "Energy",
        "gross": "Total",
        "receipt_number": "Receipt",
        "reason": "Reason",
        "answer": "Answer",
    },
    greeting="Hello,",
    closing="Which of these e-mails you get, you choose in your account:",
)

_DE = Catalogue(
    kinds={
        "charge_started": ("Der Ladevorgang hat begonnen", "Ihr Auto wird geladen."),
        "charge_finished": ("Der Ladevorgang ist beendet", "Ihr Ladevorgang ist zu Ende."),
        "charge_failed": (
            "Der Ladevorgang hat nicht begonnen",
            "Ihr Ladevorgang konnte nicht gestartet werden.",
        ),
        "receipt_ready": ("Ihr Beleg", "Der Beleg für Ihren Ladevorgang liegt bei."),
        "receipt_ready_plan": ("Ihr Beleg", "Der Beleg für den Monat Ihres Tarifs liegt bei."),
        "receipt_ready_credit": (
            "Ihre Gutschrift",
            "Sie bekommen Geld zurück; der Beleg liegt bei.",
        ),
        "scheduled_start_missed": (
            "Ein geplanter Ladevorgang hat nicht begonnen",
            "Der Ladevorgang, den Sie geplant hatten, hat nicht zu seiner Zeit begonnen.",
        ),
        "reservation_expired": (
            "Ihre Reservierung ist abgelaufen",
            "Ihre Reservierung ist ohne Ladevorgang abgelaufen.",
        ),
        "payment_failed": (
            "Eine Zahlung ist fehlgeschlagen",
            "Eine Zahlung konnte nicht ausgeführt werden. Bitte prüfen Sie Ihre Zahlungsmittel.",
        ),
        "problem_answered": (
            "Eine Antwort auf Ihre Meldung",
            "Es gibt Neues zu dem Problem, das Sie gemeldet haben.",
        ),
        "bill_disputed": (
            "Wir prüfen einen Ladevorgang",
            "Die Rechnung des Betreibers für Ihren Ladevorgang passt nicht zu seinem Preis. Wir"
            " prüfen das; bis es geklärt ist, zahlen Sie dafür nichts.",
        ),
        "card_suspected": (
            "Eine Karte wurde ungewöhnlich benutzt",
            "Eine Ihrer Karten wurde so benutzt, wie ein einzelner Mensch es kaum tut; vielleicht"
            " wurde sie kopiert. Solange das so ist, wird sie abgelehnt. Waren Sie das nicht,"
            " sperren Sie sie in Ihrem Konto.",
        ),
    },
    facts={
        "card": "Karte",
        "station": "Station",
        "address": "Adresse",
        "evse": "Ladepunkt",
        "start_at": "Geplant für",
        "until": "Bis",
        "energy_kwh": "Energie",
        "gross": "Gesamt",
        "receipt_number": "Beleg",
        "reason": "Grund",
        "answer": "Antwort",
    },
    greeting="Guten Tag,",
    closing="Welche dieser E-Mails Sie bekommen, wählen Sie in Ihrem Konto:",
)

CATALOGUES: Mapping[str, Catalogue] = {"en": _EN, "de": _DE}


def language_of(locale: str) -> str:
    """The language of a tag such as `de-CH`, or English."""
    language = locale.partition("-")[0].lower()
    return language if language in CATALOGUES else _OTHER_LANGUAGE


def written(
    kind: str, facts: Mapping[str, Any], *, locale: str, name: str, url: str | None
) -> tuple[str, str]:
    """Subject and text in the language of a locale.

    `name` is the provider's, `url` where the driver's account is; a guest has none.
    """
    language = language_of(locale)
    words = CATALOGUES[language]
    subject, sentence = words.kinds.get(f"{kind}_{facts.get('of')}") or words.kinds[kind]
    lines = [
        f"{label}: {_shown(fact, facts, language)}"
        for fact, label in words.facts.items()
        if facts.get(fact) not in (None, "")
    ]
    closing = "" if url is None else f"{words.closing}\n{url}"
    parts = [words.greeting, sentence, "\n".join(lines), closing, f"-- \n{name}"]
    return subject, "\n\n".join(part for part in parts if part) + "\n"


def _shown(fact: str, facts: Mapping[str, Any], language: str) -> str:
    value = str(facts[fact])[:_LONGEST_FACT]
    match fact:
        case "energy_kwh":
            return f"{value} kWh"
        case "gross":
            return f"{value} {facts.get('currency', '')}".rstrip()
        case "reason":
            return said(value, language)
        case _:
            return value
