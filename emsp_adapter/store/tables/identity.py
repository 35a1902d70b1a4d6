"""Clients, grants and keys of the OAuth2 server."""
