"""Simulated charging stations with believable days: the charger's side of OCPP 1.6 and 2.0.1.

Nothing here knows the central system: what it says comes over the websocket.
"""
