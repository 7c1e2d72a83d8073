"""How much a chapter may compute, from a smoke test to what the evidence is measured with."""

BUDGETS = ("quick", "standard", "full")
