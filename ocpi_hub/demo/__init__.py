"""A hub at work: a CPO adapter with simulated stations, an eMSP, and a comparison at the end.

The eMSP is a whole OCPI platform that keeps what it knows in memory. It knows of the hub only what
any partner knows: its versions URL and an invitation. The CPO adapter is run by its own commands.
"""
