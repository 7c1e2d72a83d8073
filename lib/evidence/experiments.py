"""Experiments: one function each, for a chapter's figures and for the ledger of evidence.

race = Experiment("race", simulate=train_all, measure=compare, claims=(Claim(…), …))

result = race(run)               # for the figures
cards = race.cards(result, run)  # what the evidence says, and what this run found
race.values(race(run))           # for the ledger: {claim: its values}
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from lib.budgets import BUDGETS
from lib.evidence.cards import Card
from lib.evidence.claims import Claim
from lib.evidence.ledger import Ledger, load_ledger, write_found

if TYPE_CHECKING:  # torch takes seconds to import, and tools that read the ledger do not need it
    import numpy as np

    from lib.runtime import Run

Result = TypeVar("Result")


@dataclass(frozen=True)
class Experiment(Generic[Result]):
    """One experiment and the claims it measures.

    Attributes:
        name: unique in its chapter; also the name of the module's variable.
        simulate: does the work; called with a `Run` and whatever else a chapter passes.
        measure: gives the values of each claim, by ID, from what `simulate` returned.
        claims: the claims it measures.
    """

    name: str
    simulate: Callable[..., Result]
    measure: "Callable[[Result], Mapping[str, Sequence[float] | np.ndarray]]"
    claims: tuple[Claim, ...]

    def __call__(self, run: "Run", **options: object) -> Result:
        """What `simulate` returns."""
        return self.simulate(run, **options)

    def values(self, result: Result) -> dict[str, tuple[float, ...]]:
        """The values of every claim, by ID.

        Raises:
            ValueError: `measure` omits a claim, adds one, or gives no value.
        """
        measured = {
            id: tuple(float(v) for v in values) for id, values in self.measure(result).items()
        }
        if set(measured) != {claim.id for claim in self.claims} or not all(measured.values()):
            raise ValueError(
                f"experiment {self.name!r} should give values for "
                f"{', '.join(claim.id for claim in self.claims)}; got {measured}"
            )
        return measured

    def cards(
        self, result: Result | None, run: "Run", *, ledger: Ledger | None = None
    ) -> dict[str, Card]:
        """A card for every claim by its ID, with the evidence and what this run found.

        What the run found is also written to the folder COURSE_CLAIMS_DIR, if that is set. No
        result, whatever its value, raises an error.

        Args:
            result: what the experiment returned for `run`; None if it did not run; then the
                cards show only the evidence.
            ledger: the evidence; None reads the course's own.
        """
        ledger = load_ledger() if ledger is None else ledger
        measured = {} if result is None else self.values(result)
        cards = {}
        for claim in self.claims:
            comparable = BUDGETS.index(run.budget) >= BUDGETS.index(claim.needs)
            values = measured.get(claim.id, ()) if comparable and run.as_written else ()
            cards[claim.id] = Card.of(claim, ledger, values)
            write_found(claim, values)
        return cards
