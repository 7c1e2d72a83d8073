"""How much a chapter may compute, from a smoke test to the runs that the evidence comes from."""

BUDGETS = ("quick", "standard", "full")
