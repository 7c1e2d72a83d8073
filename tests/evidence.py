"""Claims, records and ledgers as tests need them."""

from lib.evidence import Claim
from lib.evidence.ledger import Circumstances, Ledger, Record, Values

VALUES = (1.0, 2.0, 3.0)  # mean 2, interval -0.484 to 4.484


def make_claim(id="two-is-more", **options):
    """A claim; above -1 where no bound is given."""
    bound = {} if {"above", "below", "between"} & set(options) else {"above": -1}
    words = {"statement": "Two is more than nothing.", "estimand": "a number of the test's"}
    return Claim(**({"id": id} | words | bound | options))


def make_record(claims, *, chapter="01_a", seed=0, withdrawn="", processor="Tester", device="cpu"):
    """A record of one run; `claims` is {claim: its values}."""
    run = Circumstances(seed, "full", device, processor, "AVX2", {}, 1, {"Python": "3.11"})
    kept = {
        claim.id: Values(
            tuple(values), claim.version, claim.statement, claim.estimand, claim.unit, claim.bound
        )
        for claim, values in claims.items()
    }
    return Record(chapter, run, "2026-11-30", claims=kept, withdrawn=withdrawn)


def make_ledger(claims):
    """A ledger of one run."""
    return Ledger([make_record(claims)])
