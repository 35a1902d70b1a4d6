"""What papers say, in the languages that drivers read: the content of a receipt and a statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from babel.dates import format_date

from emsp_adapter.money.price_texts import LANGUAGES, number
from emsp_adapter.money.statements import Statement
from emsp_adapter.store.bills import Bill
from ocpi_hub.pricing.money import minor_unit
from ocpi_hub.pricing.zones import load_zone
from ocpi_hub.protocol.types import parse_datetime

_WORDS: dict[str, tuple[str, str]] = {
    "receipt": ("Receipt {number}", "Rechnung {number}"),
    "credit": ("Credit note {number}", "Gutschrift {number}"),
    "statement": ("Statement of {month}", "Abrechnung {month}"),
    "date": ("Date", "Datum"),
    "number": ("Number", "Nummer"),
    "corrects": ("Takes back", "Storniert"),
    "vat_id": ("VAT number", "USt-IdNr."),
    "vat_table": ("VAT", "Mehrwertsteuer"),
    "text": ("Item", "Position"),
    "quantity": ("Quantity", "Menge"),
    "unit_price": ("Unit price, net", "Einzelpreis, netto"),
    "rate": ("VAT", "MwSt."),
    "net": ("Net", "Netto"),
    "vat": ("VAT", "MwSt."),
    "gross": ("Gross", "Brutto"),
    "currency": ("Currency", "Währung"),
    "total": ("Total", "Gesamt"),
    "no_rate": ("none", "ohne"),
    "station": ("Station", "Station"),
    "address": ("Address", "Adresse"),
    "evse": ("Charging point", "Ladepunkt"),
    "operator": ("Operator", "Betreiber"),
    "start": ("Start", "Beginn"),
    "end": ("End", "Ende"),
    "energy_kwh": ("Energy", "Energie"),
    "session_id": ("Session", "Ladevorgang"),
    "cdr_id": ("Operator's record", "Beleg des Betreibers"),
    "month": ("Month", "Monat"),
}
_LINES = ("text", "quantity", "unit_price", "rate", "net", "gross")
_VAT = ("rate", "net", "vat", "gross")
_RECEIPTS = ("date", "number", "station", "net", "vat", "gross")
_MOMENTS = ("start", "end")
_FACTS = (
    "station",
    "address",
    "evse",
    "operator",
    *_MOMENTS,
    "energy_kwh",
    "session_id",
    "cdr_id",
    "month",
)


def receipt(bill: Bill) -> dict[str, Any]:
    """The content of a bill's paper, in the language it was made out in."""
    kept, language = bill.document, bill.document["language"]
    kind = "credit" if bill.kind == "credit" else "receipt"
    head = [(_say("date", language), _day(bill.issued_at, language))]
    if bill.kind == "credit":
        head.append((_say("corrects", language), kept["corrects"]))
    total = f"{_money(str(bill.gross), bill.currency, language)} {bill.currency}"
    return {
        "title": _say(kind, language, number=bill.number),
        "language": language,
        "seller": kept["seller"],
        "note": kept["note"],
        "words": _words(language),
        "facts": {"head": head, "body": [*_facts(kept["about"], language)]},
        "lines": {
            "head": _heads(_LINES, language),
            "rows": [_line(each, bill.currency, language) for each in kept["price"]["lines"]],
        },
        "total": (_say("total", language), total),
        "vat": {
            "head": _heads(_VAT, language),
            "rows": [
                *(
                    [_rate(each["vat_rate"], language), *_amounts(each, bill.currency, language)]
                    for each in kept["vat_rows"]
                ),
                [
                    _say("total", language),
                    *_amounts(kept["price"]["total"], bill.currency, language),
                ],
            ],
        },
        "remarks": kept["price"]["remarks"],
    }


def statement(month: Statement) -> dict[str, Any]:
    """The content of a month's paper."""
    language = month.language
    name = format_date(month.begin, "MMMM yyyy", locale=language)
    return {
        "title": _say("statement", language, month=name),
        "language": language,
        "seller": month.seller,
        "note": month.note,
        "words": _words(language),
        "receipts": {
            "head": _heads(_RECEIPTS, language),
            "rows": [_receipt_row(bill, language) for bill in month.bills],
        },
        "vat": {
            "head": [_say("currency", language), *_heads(_VAT, language)],
            "rows": [
                [
                    each["currency"],
                    _rate(each["vat_rate"], language),
                    *_amounts(each, each["currency"], language),
                ]
                for each in month.vat_rows()
            ],
        },
        "totals": [
            (
                _say("total", language),
                f"{_money(each['gross'], each['currency'], language)} {each['currency']}",
            )
            for each in month.totals()
        ],
        "remarks": month.remarks(),
    }


def _say(key: str, language: str, **values: str) -> str:
    return _WORDS[key][LANGUAGES.index(language)].format(**values)


def _words(language: str) -> dict[str, str]:
    return {key: _say(key, language) for key in ("vat_id", "vat_table")}


def _heads(keys: Sequence[str], language: str) -> list[str]:
    return [_say(key, language) for key in keys]


def _facts(about: Mapping[str, Any], language: str) -> Iterator[tuple[str, str]]:
    for name in _FACTS:
        value = about.get(name)
        if value is None:
            continue
        if name in _MOMENTS:
            value = _moment(parse_datetime(value), about.get("time_zone"), language)
        if name == "energy_kwh":
            value = f"{number(Decimal(value), language)} kWh"
        yield _say(name, language), str(value)


def _line(line: Mapping[str, Any], currency: str, language: str) -> list[str]:
    quantity, price = line["quantity"], line["unit_price"]
    return [
        line["text"],
        "" if quantity is None else f"{number(Decimal(quantity), language)} {line['unit']}",
        "" if price is None else _money(price, currency, language),
        "" if line["vat_rate"] is None else _rate(line["vat_rate"], language),
        _money(line["net"], currency, language),
        _money(line["gross"], currency, language),
    ]


def _receipt_row(bill: Bill, language: str) -> list[str]:
    about = bill.document["about"]
    return [
        _day(bill.issued_at, language),
        bill.number,
        about.get("station") or bill.document["price"]["lines"][0]["text"],
        _money(str(bill.net), bill.currency, language),
        _money(str(bill.vat), bill.currency, language),
        f"{_money(str(bill.gross), bill.currency, language)} {bill.currency}",
    ]


def _amounts(row: Mapping[str, Any], currency: str, language: str) -> list[str]:
    return [_money(row[name], currency, language) for name in ("net", "vat", "gross")]


def _rate(rate: str | None, language: str) -> str:
    return _say("no_rate", language) if rate is None else f"{number(Decimal(rate), language)} %"


def _money(amount: str, currency: str, language: str) -> str:
    return number(Decimal(amount), language, least=minor_unit(currency))


def _day(moment: datetime, language: str) -> str:
    return format_date(moment, "long", locale=language)


def _moment(moment: datetime, time_zone: str | None, language: str) -> str:
    """As the wall at the station shows it, where its time zone is known."""
    zone = None if time_zone is None else load_zone(time_zone)
    if zone is None:
        return f"{_day(moment, language)} {moment:%H:%M:%S} UTC"
    local = moment.astimezone(zone)
    return f"{_day(local, language)} {local:%H:%M:%S} ({time_zone})"
