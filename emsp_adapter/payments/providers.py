"""Which provider moves the money."""

from __future__ import annotations

from emsp_adapter.office import Office
from emsp_adapter.payments.demo import DemoProvider
from emsp_adapter.payments.port import PaymentProvider
from emsp_adapter.payments.stripe import StripeProvider


def provider_of(office: Office) -> PaymentProvider | None:
    """The provider of the settings; None where bills are collected elsewhere."""
    settings = office.settings
    match settings.payment:
        case "demo":
            return DemoProvider()
        case "stripe":
            return StripeProvider(office.transport, settings.stripe_url, settings.stripe_key or "")
        case "none":
            return None
