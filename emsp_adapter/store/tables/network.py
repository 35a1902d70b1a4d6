"""What partners offer: Locations, EVSEs and Tariffs."""
