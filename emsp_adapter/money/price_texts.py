"""The words of a price, in the languages that drivers read; another language is a column more."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext

from babel.core import negotiate_locale
from babel.numbers import format_decimal

from ocpi_hub.pricing.money import WIDE

LANGUAGES = ("en", "de")

_WORDS: dict[str, tuple[str, str]] = {
    "start": ("Start fee", "Startgebühr"),
    "energy": ("Energy", "Energie"),
    "time": ("Charging time", "Ladezeit"),
    "parking": ("Parking after charging", "Parken nach dem Laden"),
    "parking_fee": ("Parking fee", "Parkgebühr"),
    "reservation": ("Reserved time", "Reservierte Zeit"),
    "reservation_fee": ("Reservation fee", "Reservierungsgebühr"),
    "steps": ("{name}, billed in steps of {step}", "{name}, abgerechnet in Schritten von {step}"),
    "min_price": ("Minimum price of the station", "Mindestpreis der Station"),
    "max_price": ("Maximum price of the station", "Höchstpreis der Station"),
    "claimed": ("Charging, as the operator states it", "Laden, laut Betreiber"),
    "rounding": ("Rounding", "Rundung"),
    "margin": ("{plan}: {percent} % of the station's price", "{plan}: {percent} % des Ladepreises"),
    "margin_per_kwh": ("{plan}: for each kWh", "{plan}: je kWh"),
    "fee": ("{plan}: fee for each charge", "{plan}: Gebühr je Ladung"),
    "plan": ("{plan}, {month}", "{plan}, {month}"),
    "no_tariff": (
        "The operator has not told the price of this plug.",
        "Der Betreiber hat den Preis dieses Anschlusses nicht mitgeteilt.",
    ),
    "not_computable": (
        "The price cannot be computed from the operator's tariff.",
        "Der Preis lässt sich aus dem Tarif des Betreibers nicht berechnen.",
    ),
    "free": ("Charging here is free of charge.", "Das Laden ist hier kostenlos."),
    "as_claimed": (
        "This is the amount that the operator states; it cannot be checked against a tariff.",
        "Das ist der Betrag laut Betreiber; er ist an keinem Tarif nachprüfbar.",
    ),
    "below_tariff": (
        "The operator asks for less than its tariff gives; this is what it asks for.",
        "Der Betreiber verlangt weniger, als sein Tarif ergibt; das ist sein Betrag.",
    ),
    "vat_unknown": (
        "The operator does not state VAT; the price is without it.",
        "Der Betreiber nennt keine Mehrwertsteuer; der Preis versteht sich ohne sie.",
    ),
    "plan_without_vat": (
        "{plan}: no VAT is shown, because the provider has set no rate.",
        "{plan}: Mehrwertsteuer ist nicht ausgewiesen, weil der Anbieter keinen Satz"
        " festgelegt hat.",
    ),
    "month_without_vat": (
        "Where a rate of VAT is missing, none was stated; the receipt says by whom.",
        "Wo ein Mehrwertsteuersatz fehlt, wurde keiner genannt; der Beleg sagt, von wem.",
    ),
    "plans_without_vat": (
        "The amounts are without VAT, of which the provider has set no rate.",
        "Die Beträge sind ohne Mehrwertsteuer; der Anbieter hat keinen Satz festgelegt.",
    ),
    "plans_with_vat": (
        "VAT of {rate} % is added to the amounts.",
        "Zu den Beträgen kommen {rate} % Mehrwertsteuer.",
    ),
    "other_currency": (
        "The amounts of your plan are in {currency} and do not apply here.",
        "Die Beträge Ihres Tarifs sind in {currency} und gelten hier nicht.",
    ),
    "open": (
        "Something the price hangs on is not known yet, so the bill may differ.",
        "Etwas, wovon der Preis abhängt, ist noch nicht bekannt; die Rechnung kann abweichen.",
    ),
    "several_tariffs": (
        "Several tariffs hold here; the regular one is shown.",
        "Hier gelten mehrere Tarife; gezeigt ist der reguläre.",
    ),
    "assumed": (
        "For {energy} kWh at {power} kW, starting now; your car may charge more slowly.",
        "Für {energy} kWh mit {power} kW ab jetzt; Ihr Fahrzeug lädt vielleicht langsamer.",
    ),
    "too_short": (
        "In {minutes} minutes this plug gives at most {energy} kWh.",
        "In {minutes} Minuten gibt dieser Anschluss höchstens {energy} kWh ab.",
    ),
    "by_clock": (
        "The price depends on the day or the time of day.",
        "Der Preis hängt vom Tag oder der Uhrzeit ab.",
    ),
    "by_energy": (
        "The price depends on how much you charge.",
        "Der Preis hängt davon ab, wie viel Sie laden.",
    ),
    "by_elapsed": (
        "The price depends on how long you stay.",
        "Der Preis hängt davon ab, wie lange Sie bleiben.",
    ),
    "by_power": (
        "The price depends on the power your car charges with.",
        "Der Preis hängt von der Ladeleistung Ihres Fahrzeugs ab.",
    ),
}


def language_of(accepted: str | None, default: str = "en") -> str:
    """The language for an Accept-Language header, or for a driver's locale."""
    wanted = [tag for tag, _ in sorted(_weighed(accepted or ""), key=lambda each: -each[1])]
    found = negotiate_locale([*wanted, default], LANGUAGES, sep="-")
    return "en" if found is None else found


def text(key: str, language: str, **values: str) -> str:
    """A phrase in a language."""
    return _WORDS[key][LANGUAGES.index(language)].format(**values)


def number(value: Decimal, language: str, *, least: int = 0) -> str:
    """A number as people of that language write it: 0.39 and 0,39; at most six decimals."""
    # The amounts of CPOs are as long as they like.
    with localcontext(WIDE):
        return str(format_decimal(value, format=f"#,##0.{'0' * least:#<6}", locale=language))


def joined(parts: Sequence[str], language: str) -> str:
    """Parts as one phrase: "Monday, Tuesday and Friday"."""
    if len(parts) < 2:
        return "".join(parts)
    last = (" and ", " und ")[LANGUAGES.index(language)]
    return f"{', '.join(parts[:-1])}{last}{parts[-1]}"


def _weighed(header: str) -> list[tuple[str, float]]:
    """The languages of an Accept-Language header with their weights; what is odd is left out."""
    found = []
    for each in header[:500].split(","):
        tag, _, quality = each.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if tag.replace("-", "").isalnum() and 0 < weight <= 1:
            found.append((tag, weight))
    return found
