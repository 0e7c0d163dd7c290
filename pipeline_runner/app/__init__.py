"""Pipeline, Plan, Run: the composition root."""
