"""One party's own side of OCPI: an adapter speaks to a hub, or to other parties directly.

Both adapters share it. It keeps its rows in the adapter's own schema, which the connection sees
first; what it says about charging and drivers it is told by the adapter.
"""
