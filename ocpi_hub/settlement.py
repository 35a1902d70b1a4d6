"""Settlement: what one eMSP owes one CPO for a month, and what the exact prices say beside it.

Amounts are those that the CDRs claim, added exactly and never rounded: each CDR's rows by VAT rate
sum to its total, so the rows of a settlement sum to its total too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple

from ocpi_hub.month import Month
from ocpi_hub.node.engine import Database
from ocpi_hub.pricing.money import EXACT
from ocpi_hub.protocol.party import Party
from ocpi_hub.repricing import UNKNOWN_RATE
from ocpi_hub.store import settlement as store
from ocpi_hub.store.custody import CdrState
from ocpi_hub.store.settlement import Bill

# These are listed apart: nobody owes them.
NOT_OWED = (CdrState.REFUSED, CdrState.WITHHELD)

_ZERO = Decimal(0)

# A VAT rate in percent, None where no VAT is applicable, or UNKNOWN_RATE.
Rate = str | None


class Amount(NamedTuple):
    """An amount and its VAT."""

    excl_vat: Decimal = _ZERO
    vat: Decimal = _ZERO

    @property
    def incl_vat(self) -> Decimal:
        """Both together."""
        return EXACT.add(self.excl_vat, self.vat)

    def plus(self, other: Amount) -> Amount:
        """The sum of two."""
        return Amount(EXACT.add(self.excl_vat, other.excl_vat), EXACT.add(self.vat, other.vat))

    def minus(self, other: Amount) -> Amount:
        """How much more it is."""
        return Amount(
            EXACT.subtract(self.excl_vat, other.excl_vat), EXACT.subtract(self.vat, other.vat)
        )


@dataclass(frozen=True, slots=True)
class Part:
    """Some CDRs of one currency: how many, their energy in kWh, and what they claim by VAT rate."""

    cdrs: int = 0
    energy: Decimal = _ZERO
    rates: Mapping[Rate, Amount] = field(default_factory=dict)

    @property
    def total(self) -> Amount:
        """What all rates come to."""
        return _sum(self.rates.values())

    def plus(self, other: Part) -> Part:
        """Both together."""
        rates = {
            rate: self.rates.get(rate, Amount()).plus(other.rates.get(rate, Amount()))
            for rate in [*self.rates, *(each for each in other.rates if each not in self.rates)]
        }
        return Part(self.cdrs + other.cdrs, EXACT.add(self.energy, other.energy), rates)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is owed beside the exact prices, over the CDRs that have one; `without` have none."""

    cdrs: int = 0
    claimed: Amount = field(default_factory=Amount)
    exact: Amount = field(default_factory=Amount)
    without: int = 0

    @property
    def difference(self) -> Amount:
        """How much too high the claims are."""
        return self.claimed.minus(self.exact)


@dataclass(frozen=True, slots=True)
class Account:
    """Everything in one currency. Credit CDRs have negative amounts and energy.

    `disputed` are those of both kinds about which a dispute is open; they stay in the net.
    """

    billed: Part = field(default_factory=Part)
    credited: Part = field(default_factory=Part)
    disputed: Part = field(default_factory=Part)
    refused: Part = field(default_factory=Part)
    withheld: Part = field(default_factory=Part)
    comparison: Comparison = field(default_factory=Comparison)

    @property
    def net(self) -> Part:
        """What is owed."""
        return self.billed.plus(self.credited)

    @property
    def parts(self) -> dict[str, Part]:
        """Each part by its name, in the order in which they are shown."""
        return {
            "billed": self.billed,
            "credited": self.credited,
            "net": self.net,
            "disputed": self.disputed,
            "refused": self.refused,
            "withheld": self.withheld,
        }

    def plus(self, bill: Bill) -> Account:
        """The account with one more CDR."""
        part = _part_of(bill)
        state = _state_of(bill)
        if state == CdrState.REFUSED:
            return replace(self, refused=self.refused.plus(part))
        if state == CdrState.WITHHELD:
            return replace(self, withheld=self.withheld.plus(part))
        owed = "credited" if bill.credit else "billed"
        changed: dict[str, Any] = {owed: getattr(self, owed).plus(part)}
        if bill.disputed:
            changed["disputed"] = self.disputed.plus(part)
        return replace(self, comparison=_compared(self.comparison, bill), **changed)


@dataclass(frozen=True, slots=True)
class Settlement:
    """One pair and month; `unpriced` CDRs are in none of the accounts."""

    cpo: Party
    emsp: Party
    month: Month
    accounts: Mapping[str, Account]
    unpriced: int

    @property
    def empty(self) -> bool:
        """Whether there was no CDR at all."""
        return not self.accounts and not self.unpriced


async def settle(db: Database, cpo: Party, *, emsp: Party, month: Month) -> Settlement:
    """The settlement of a pair and month, as of one moment."""
    pair: dict[str, Any] = {"emsp": emsp.key, "start": month.start, "end": month.end}
    accounts: dict[str, Account] = {}
    async with db.hot_transaction() as conn:
        await store.one_moment(conn)
        async for bill in store.bills(conn, cpo.key, **pair):
            add(accounts, bill)
        unpriced = await store.unpriced(conn, cpo.key, **pair)
    return Settlement(cpo, emsp, month, dict(sorted(accounts.items())), unpriced)


def add(accounts: dict[str, Account], bill: Bill) -> None:
    """Count a CDR in the account of its currency."""
    currency = bill.currency.upper()
    accounts[currency] = accounts.get(currency, Account()).plus(bill)


def claimed(bill: Bill) -> Amount:
    """What a CDR claims; one that leaves out the amount with VAT claims none."""
    return _amount(bill.excl_vat, bill.excl_vat if bill.incl_vat is None else bill.incl_vat)


def rates_of(bill: Bill) -> dict[Rate, Amount]:
    """The claim by VAT rate; under UNKNOWN_RATE where nobody can say how it splits.

    A Credit CDR that mirrors its original is split as that is, so that both cancel in every rate.
    """
    mirrored = _mirrored(bill)
    return _checked(_rates(bill.vat), claimed(bill)) if mirrored is None else mirrored


def _mirrored(bill: Bill) -> dict[Rate, Amount] | None:
    if not bill.credit or bill.original_excl_vat is None or bill.original_vat is None:
        return None
    original = claimed(
        replace(bill, excl_vat=bill.original_excl_vat, incl_vat=bill.original_incl_vat)
    )
    if claimed(bill) != _negative(original):
        return None
    rates = _checked(_rates(bill.original_vat), original)
    return {rate: _negative(amount) for rate, amount in rates.items()}


def _rates(rows: Iterable[Mapping[str, Any]]) -> dict[Rate, Amount]:
    rates: dict[Rate, Amount] = {}
    for row in rows:
        amount = Amount(Decimal(row["excl_vat"]), Decimal(row["vat"] or 0))
        # A CDR without incl_vat claims no VAT at a rate.
        rate = UNKNOWN_RATE if row["vat"] is None and row["rate"] is not None else row["rate"]
        rates[rate] = rates.get(rate, Amount()).plus(amount)
    return rates


def _checked(rates: dict[Rate, Amount], claim: Amount) -> dict[Rate, Amount]:
    """The rates if they sum to the claim."""
    return rates if _sum(rates.values()) == claim else {UNKNOWN_RATE: claim}


def _part_of(bill: Bill) -> Part:
    # Only the total cost of a Credit CDR is negated (CDRs, Credit CDRs), its energy is not.
    return Part(1, EXACT.minus(bill.energy) if bill.credit else bill.energy, rates_of(bill))


def _state_of(bill: Bill) -> str:
    """A credit goes where its original is: what nobody owes is not given back either."""
    return bill.original_state if bill.original_state in NOT_OWED else bill.state


def _compared(comparison: Comparison, bill: Bill) -> Comparison:
    if bill.exact_excl_vat is None or bill.exact_incl_vat is None:
        return replace(comparison, without=comparison.without + 1)
    return Comparison(
        comparison.cdrs + 1,
        comparison.claimed.plus(claimed(bill)),
        comparison.exact.plus(_amount(bill.exact_excl_vat, bill.exact_incl_vat)),
        comparison.without,
    )


def _amount(excl_vat: Decimal, incl_vat: Decimal) -> Amount:
    return Amount(excl_vat, EXACT.subtract(incl_vat, excl_vat))


def _sum(amounts: Iterable[Amount]) -> Amount:
    whole = Amount()
    for amount in amounts:
        whole = whole.plus(amount)
    return whole


def _negative(amount: Amount) -> Amount:
    return Amount().minus(amount)
