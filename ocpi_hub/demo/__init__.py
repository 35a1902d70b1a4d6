"""A hub at work: two sandbox platforms that exchange everything, and a comparison at the end.

The sandbox platforms are whole OCPI platforms that keep what they know in memory. They know of the
hub only what any partner knows: its versions URL and an invitation.
"""
