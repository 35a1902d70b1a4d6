"""The hub's revisions."""
