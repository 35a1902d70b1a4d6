"""Contract ids: NL-EMS-C0A1B2C3D-X, the form of an eMA ID with a check character of ISO 7064.

The last character is that of MOD 37,36 over the letters and digits before it, so that a slip of the
pen is noticed. The eight characters in the middle do not tell how many contracts there are.
"""

from __future__ import annotations

from ocpi_hub.protocol.party import Party

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LENGTH = 8
# Prime to 36, so that no two numbers share an id before all of them are used.
_STRIDE = 1_580_030_173


def contract_id(party: Party, number: int) -> str:
    """The id of the contract with that number."""
    left, written = number * _STRIDE % 36**_LENGTH, ""
    for _ in range(_LENGTH):
        left, digit = divmod(left, 36)
        written = _DIGITS[digit] + written
    country, provider = party.country_code.upper(), party.party_id.upper()
    check = check_character(f"{country}{provider}C{written}")
    return f"{country}-{provider}-C{written}-{check}"


def check_character(text: str) -> str:
    """ISO 7064 MOD 37,36 over letters and digits."""
    product = 36
    for each in text.upper():
        product = (product + _DIGITS.index(each)) % 36 or 36
        product = product * 2 % 37
    return _DIGITS[(37 - product) % 36]
