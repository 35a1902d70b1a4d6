"""Which provider moves the money."""

from __future__ import annotations

from emsp_adapter.drivers.sentences import said
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


def note(office: Office, language: str) -> str | None:
    """What drivers have to know about whoever moves the money."""
    provider = provider_of(office)
    return None if provider is None or provider.note is None else said(provider.note, language)
