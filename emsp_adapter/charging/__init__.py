"""What drivers do: start, stop, reserve, plan, watch, and what becomes of it."""
