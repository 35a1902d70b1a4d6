"""The schemas of the three services, each with revisions of its own."""
