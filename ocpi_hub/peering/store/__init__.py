"""The SQL of peering: peers and their tokens, what we own and offer, and who has seen it."""
