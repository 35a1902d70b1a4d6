"""Plans, payments and bills."""
