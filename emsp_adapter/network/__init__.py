"""What partners offer: chargers, their status and prices, found and shown."""
