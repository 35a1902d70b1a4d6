"""OCPI 2.2.1 itself: the objects, the module table, a server, a client and the handshake."""
