"""Tokens of drivers, authorisations given for them, and the Sessions and CDRs that came."""
