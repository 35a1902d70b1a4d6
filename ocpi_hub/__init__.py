"""An OCPI 2.2.1 roaming hub."""
