"""The tariff engine: what a session costs, exactly, and why. Pure: no clock, network or float."""

from ocpi_hub.pricing.circumstances import Circumstances, ReservationOutcome, reservation_outcome
from ocpi_hub.pricing.compare import compare, same_prices
from ocpi_hub.pricing.compiled import CompiledTariff, compile_tariff, tariffs_of
from ocpi_hub.pricing.estimate import Estimate, Plan, estimate
from ocpi_hub.pricing.explain import ENGINE, explain
from ocpi_hub.pricing.findings import Code, Finding
from ocpi_hub.pricing.lint import Remark, Severity, lint
from ocpi_hub.pricing.policies import DEFAULT, InvoiceRounding, Policy
from ocpi_hub.pricing.price import price
from ocpi_hub.pricing.result import Amount, Priced
from ocpi_hub.pricing.sentences import sentence, sentences
from ocpi_hub.pricing.verdicts import Clearing, Verdict

__all__ = [
    "DEFAULT",
    "ENGINE",
    "Amount",
    "Circumstances",
    "Clearing",
    "Code",
    "CompiledTariff",
    "Estimate",
    "Finding",
    "InvoiceRounding",
    "Plan",
    "Policy",
    "Priced",
    "Remark",
    "ReservationOutcome",
    "Severity",
    "Verdict",
    "compare",
    "compile_tariff",
    "estimate",
    "explain",
    "lint",
    "price",
    "reservation_outcome",
    "same_prices",
    "sentence",
    "sentences",
    "tariffs_of",
]
