"""The adapter's revisions."""
