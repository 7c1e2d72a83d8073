"""Claims, records and ledgers as tests need them."""

from lib.evidence import Claim
from lib.evidence.ledger import Circumstances, Ledger, Record, Values

VALUES = (1.0, 2.0, 3.0)  # mean 2, interval -0.484 to 4.484


def make_claim(id="two-is-more", **options):
    """A claim; above -1 where no bound is given."""
    bound = {} if {"above", "below", "between"} & set(options) else {"above": -1}
    words = {"statement": "Two is more than nothing.", "estimand": "a number of the test's"}
    return Claim(**({"id": id} | words | bound | options))


def make_record(
    claims,
    *,
    chapter="01_a",
    seed=0,
    withdrawn="",
    processor="Tester",
    device="cpu",
    pinned=False,
    date="2026-11-30",
    versions=(),
):
    """A record of one run; `claims` is {claim: its values}."""
    pins = {"MKL_CBWR": "AVX2"} if pinned else {}
    versions = {"Python": "3.11"} | dict(versions)
    run = Circumstances(seed, "full", device, processor, "AVX2", pins, 1, versions)
    kept = {
        claim.id: Values(
            tuple(values), claim.version, claim.statement, claim.estimand, claim.unit, claim.bound
        )
        for claim, values in claims.items()
    }
    return Record(chapter, run, date, claims=kept, withdrawn=withdrawn)


def make_filled_ledger(claim, *, chapter="01_a"):
    """A ledger with everything that can be on a strip.

    Ten base seeds on two processors, 10 with and without pins, a pilot, a run on a GPU, and one
    that was withdrawn.
    """
    options = {"chapter": chapter}
    runs = [
        make_record({claim: [seed / 4 - 2, seed / 4]}, seed=seed, pinned=seed % 2 == 0,
                    processor="A" if seed < 15 else "B", **options)
        for seed in range(10, 20)
    ]  # fmt: skip
    return Ledger(
        [
            *runs,
            make_record({claim: [1.0]}, seed=10, processor="A", **options),
            make_record({claim: [4.0]}, seed=0, processor="A", **options),
            make_record({claim: [3.5]}, seed=10, processor="H", device="cuda", **options),
            make_record({claim: [99.0]}, seed=11, withdrawn="Shuffled labels.", **options),
        ]
    )


def make_ledger(claims):
    """A ledger of one run."""
    return Ledger([make_record(claims)])
