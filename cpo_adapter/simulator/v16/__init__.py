"""OCPP 1.6 as a station speaks it."""
