"""OCPP 2.0.1 as a station speaks it."""
