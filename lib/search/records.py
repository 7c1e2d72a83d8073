"""What a search found: one record a trial, and what follows from them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

COMPLETE, PRUNED, FAILED, WAITING = "complete", "pruned", "failed", "waiting"


class SearchError(RuntimeError):
    """A search that has no result, or a storage that holds another search."""


@dataclass(frozen=True)
class TrialRecord:
    """One configuration and what came of it.

    Attributes:
        number: its place in the plan, from 0.
        config: the hyperparameters by name.
        state: "complete", "pruned" (stopped early), "failed" or "waiting" (not ended).
        value: the last one, higher is better; None where there is none.
        budget: the largest it was evaluated at, in the objective's unit; None where there is none.
        values: the value at each budget it was evaluated at.
        error: what went wrong with a failed trial, else empty.
        seconds: wall time of all its evaluations.
    """

    number: int
    config: Mapping[str, object]
    state: str
    value: float | None
    budget: float | None
    values: Mapping[float, float]
    error: str
    seconds: float


@dataclass(frozen=True)
class Search:
    """A search that has ended.

    Attributes:
        trials: all of them, by number.
    """

    trials: tuple[TrialRecord, ...]

    @property
    def best(self) -> TrialRecord:
        """The complete trial of the highest value, the first of equals.

        Raises:
            SearchError: no trial is complete.
        """
        complete = [trial for trial in self.trials if trial.state == COMPLETE]
        if complete:
            return max(complete, key=lambda trial: trial.value)
        failed = [trial for trial in self.trials if trial.state == FAILED]
        first = f"; the first error: {failed[0].error}" if failed else ""
        raise SearchError(
            f"no trial is complete, so none is best: "
            f"{len(failed)} of {len(self.trials)} failed{first}"
        )

    @property
    def spent(self) -> float:
        """The sum of the budgets of all evaluations that gave a value.

        An evaluation starts from nothing, so a trial of two rungs pays for both.
        """
        return sum(sum(trial.values) for trial in self.trials)

    def best_so_far(self) -> list[float]:
        """The highest value among the complete trials up to each; NaN before the first of them."""
        best, curve = math.nan, []
        for trial in self.trials:
            if trial.state == COMPLETE and not best >= trial.value:
                best = trial.value
            curve.append(best)
        return curve
