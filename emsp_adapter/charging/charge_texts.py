"""The sentences about charges and reservations in other languages than English.

They are written in English where they are said, and kept so; each is found here by its English
words. A catalogue more is a language more. What an operator says stays in its own words.
"""

from __future__ import annotations

from collections.abc import Mapping

# What comes before the words of an operator.
SAYS = ' It says: "'

_DE = {
    SAYS: ' Die Meldung: "',
    "The charge did not begin: the operator closed it before any energy was delivered.": (
        "Der Ladevorgang hat nicht begonnen: Der Betreiber hat ihn beendet, bevor Strom floss."
    ),
    "The operator declared this charge invalid; it is not billed.": (
        "Der Betreiber hat diesen Ladevorgang für ungültig erklärt; er wird nicht berechnet."
    ),
    "The operator of this station cannot be reached right now.": (
        "Der Betreiber dieser Station ist gerade nicht erreichbar."
    ),
    "The operator of this station did not answer in time.": (
        "Der Betreiber dieser Station hat nicht rechtzeitig geantwortet."
    ),
    "The operator of this station gave an answer that makes no sense.": (
        "Der Betreiber dieser Station hat eine unverständliche Antwort gegeben."
    ),
    "The operator does not know this charging point any longer.": (
        "Der Betreiber kennt diesen Ladepunkt nicht mehr."
    ),
    "The operator declined the request.": "Der Betreiber hat die Anfrage abgelehnt.",
    "This station cannot do that from an app.": "Diese Station kann das nicht per App.",
    "The operator does not know this charge.": "Der Betreiber kennt diesen Ladevorgang nicht.",
    "The operator cancelled the reservation.": "Der Betreiber hat die Reservierung aufgehoben.",
    "The charging point is in use.": "Der Ladepunkt ist belegt.",
    "The charging point is out of order.": "Der Ladepunkt ist außer Betrieb.",
    "The station did not carry it out.": "Die Station hat es nicht ausgeführt.",
    "The station declined the request.": "Die Station hat die Anfrage abgelehnt.",
    "The station did not answer in time.": "Die Station hat nicht rechtzeitig geantwortet.",
    "The operator does not know this reservation.": "Der Betreiber kennt diese Reservierung nicht.",
    "The charging point is blocked, for example by a car that does not charge.": (
        "Der Ladepunkt ist blockiert, zum Beispiel durch ein Auto, das nicht lädt."
    ),
    "The charging point is not in operation yet.": "Der Ladepunkt ist noch nicht in Betrieb.",
    "The charging point is no longer there.": "Den Ladepunkt gibt es nicht mehr.",
    "The charging point is reserved for somebody else.": (
        "Der Ladepunkt ist für jemand anderen reserviert."
    ),
    "This charging point cannot be reserved.": "Dieser Ladepunkt lässt sich nicht reservieren.",
    "The charging point is reserved already.": "Der Ladepunkt ist schon reserviert.",
    "This charging point cannot be used with an app, only with a card.": (
        "Dieser Ladepunkt lässt sich nur mit einer Karte nutzen, nicht per App."
    ),
    "You are charging at this charging point already.": "Sie laden an diesem Ladepunkt bereits.",
    "You have planned a charge here already.": "Sie haben hier bereits einen Ladevorgang geplant.",
    "This account is not active.": "Dieses Konto ist nicht aktiv.",
    "Without an account there is one charge only; sign up for more.": (
        "Ohne Konto ist nur ein Ladevorgang möglich; für weitere melden Sie sich bitte an."
    ),
    "The charge is only planned: cancel it instead.": (
        "Der Ladevorgang ist erst geplant: Brechen Sie den Plan ab."
    ),
    "The charge has not begun yet.": "Der Ladevorgang hat noch nicht begonnen.",
    "The charge is over.": "Der Ladevorgang ist beendet.",
    "The charge did not begin.": "Der Ladevorgang hat nicht begonnen.",
    "The charge was cancelled.": "Der Ladevorgang wurde abgebrochen.",
    "Only a planned charge can be cancelled; stop this one instead.": (
        "Nur ein geplanter Ladevorgang lässt sich abbrechen; beenden Sie diesen stattdessen."
    ),
    "The operator did not confirm the reservation in time.": (
        "Der Betreiber hat die Reservierung nicht rechtzeitig bestätigt."
    ),
    "The operator did not confirm in time that the reservation is cancelled.": (
        "Der Betreiber hat nicht rechtzeitig bestätigt, dass die Reservierung aufgehoben ist."
    ),
    "The charge did not begin in time. Is the cable plugged in at both ends?"
    " If the car charges after all, you will see it here.": (
        "Der Ladevorgang hat nicht rechtzeitig begonnen. Steckt das Kabel an beiden Enden?"
        " Falls das Auto doch noch lädt, sehen Sie es hier."
    ),
    "The station did not stop in time. Try again, or end the charge at the car.": (
        "Die Station hat nicht rechtzeitig beendet. Versuchen Sie es noch einmal, oder beenden Sie"
        " das Laden am Auto."
    ),
    "The service was not running at the time that you chose.": (
        "Der Dienst lief zu der Zeit nicht, die Sie gewählt hatten."
    ),
    "This charging point does not take preferences.": (
        "Dieser Ladepunkt nimmt keine Ladewünsche an."
    ),
    "The operator gave an answer that makes no sense.": (
        "Der Betreiber hat eine unverständliche Antwort gegeben."
    ),
    "That much energy is not possible until then.": (
        "So viel Energie ist bis dahin nicht möglich."
    ),
    "Preferences can be set only while the car charges.": (
        "Ladewünsche sind nur möglich, während das Auto lädt."
    ),
    "You have reserved this charging point already.": (
        "Sie haben diesen Ladepunkt bereits reserviert."
    ),
}

CATALOGUES: Mapping[str, Mapping[str, str]] = {"de": _DE}


def said(reason: str, language: str) -> str:
    """A sentence in a language; as it is where there are no other words for it."""
    words = CATALOGUES.get(language, {})
    ours, says, theirs = reason.partition(SAYS)
    return words.get(ours, ours) + words.get(says, says) + theirs
