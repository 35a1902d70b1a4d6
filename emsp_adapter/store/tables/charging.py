"""What drivers asked for: charges, reservations, commands."""
