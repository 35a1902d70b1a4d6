"""OCPP, the chargers' side: sockets, frames and what they mean. Nothing here knows OCPI or SQL."""
