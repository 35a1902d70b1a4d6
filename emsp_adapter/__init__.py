"""A mobility provider's adapter: driver apps on one side, OCPI on the other."""
