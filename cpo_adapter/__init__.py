"""A charge point operator's adapter: OCPP chargers on one side, OCPI on the other."""
