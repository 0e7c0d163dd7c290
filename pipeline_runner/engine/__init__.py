"""Deciding and doing: the pure state machine, the plan, and the one loop that obeys them."""
