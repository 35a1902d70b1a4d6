"""What each of the three services is made of beside OCPI: database connections, secrets, commands.

The hub and both adapters run on it. It knows nothing of any of them: which schema, which settings
and which program are handed in.
"""
