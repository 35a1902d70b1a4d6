"""Exact amounts: Decimals that count 3600ths of the currency's unit.

Prices are per hour and steps are whole seconds, so that in 3600ths every product is a finite
decimal and nothing is rounded before an amount leaves the engine.
"""

from __future__ import annotations

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow

from ocpi_hub.pricing.policies import Rounding

HOUR = Decimal(3600)
ZERO = Decimal(0)

# Numbers have at most 30 digits and an exponent of 12: three factors and a sum of them fit, and
# whatever would not is an exception instead of a rounded amount.
EXACT = Context(prec=320, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])
WIDE = Context(prec=320, traps=[InvalidOperation, Overflow, DivisionByZero])
# Nearly every amount with a finite form has a short one, and dividing to 320 digits is slow.
_SHORT = Context(prec=40, traps=[InvalidOperation, Overflow, DivisionByZero])

# How an amount without a finite decimal form, such as a third of a euro, is written.
_ENDLESS_DECIMALS = Decimal("1e-12")
_QUANTITY_DECIMALS = 6
_QUANTA = [Decimal(1).scaleb(-decimals) for decimals in range(100)]
_CENTESIMAL = 2

_NO_MINOR_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"
_TWO_DECIMALS = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
    "GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD "
    "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP "
    "PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS "
    "TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG"
)
# ISO 4217.
MINOR_UNITS = {
    code: decimals
    for decimals, codes in (
        (0, _NO_MINOR_UNIT),
        (2, _TWO_DECIMALS),
        (3, _THREE_DECIMALS),
        (4, _FOUR_DECIMALS),
    )
    for code in codes.split()
}


def minor_unit(currency: str) -> int:
    """How many decimals the smallest coin of a currency has; an unknown currency has cents."""
    return MINOR_UNITS.get(currency.upper(), _CENTESIMAL)


def exact_units(amount: Decimal) -> Decimal:
    """The amount in units of the currency, to 320 digits where it has no finite form."""
    short = _SHORT.divide(amount, HOUR)
    return short if WIDE.multiply(short, HOUR) == amount else WIDE.divide(amount, HOUR)


def units(amount: Decimal) -> Decimal:
    """The amount in units of the currency: exact, or to 12 decimals where it is endless."""
    short = _SHORT.divide(amount, HOUR)
    if WIDE.multiply(short, HOUR) == amount:
        return short
    try:
        return EXACT.divide(amount, HOUR)
    except Inexact:
        return WIDE.quantize(WIDE.divide(amount, HOUR), _ENDLESS_DECIMALS)


def rounded(value: Decimal, decimals: int, mode: Rounding = Rounding.HALF_UP) -> Decimal:
    """A value in units of the currency, rounded to so many decimals."""
    return value.quantize(_QUANTA[decimals], mode, WIDE)


def quantity(value: Decimal) -> str:
    """A volume for people and JSON, with at most six decimals."""
    return plain(rounded(value, _QUANTITY_DECIMALS))


def padded(value: Decimal, decimals: int) -> str:
    """An amount for people, with at least so many decimals: "5.10"."""
    text = plain(value)
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:0<{decimals}}" if len(fraction) < decimals else text


def plain(value: Decimal) -> str:
    """A Decimal without exponent, trailing zeros and negative zero: "5.5"."""
    text = str(value)
    if "E" in text:
        text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
