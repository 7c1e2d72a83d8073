"""The ledger of a search: its plan and all results, in an Optuna study."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.trial import FrozenTrial, TrialState

from lib.search.evaluation import Job, Result
from lib.search.quiet import quiet
from lib.search.records import COMPLETE, FAILED, PRUNED, WAITING, Search, SearchError, TrialRecord
from lib.search.spaces import Space, suggest

NAME = "search"  # of the study in its storage
# After which a lock is taken for one left by a killed process. Optuna's 30 s are for slow networks.
LOCK_SECONDS = 5
STATES = {
    TrialState.COMPLETE: COMPLETE,
    TrialState.PRUNED: PRUNED,
    TrialState.FAIL: FAILED,
    TrialState.RUNNING: WAITING,
    TrialState.WAITING: WAITING,
}


@dataclass(frozen=True)
class Plan:
    """All that a search is going to evaluate.

    Attributes:
        configs: by trial number.
        budgets: of the rungs, rising; one where nothing is stopped early.
        space: what the configurations come from.
        told: what tells this plan from another, in words.
        factor: one in so many goes on to the next rung.
    """

    configs: list[dict[str, object]]
    budgets: list[float]
    space: Space
    told: Mapping[str, str]
    factor: int = 1


class Ledger:
    """What is known of a plan's trials; only the process that made it writes to the storage."""

    def __init__(self, plan: Plan, storage: Path | str | None) -> None:
        self.plan = plan
        with quiet():
            self._study = _open_study(plan, storage)
            self._trials = {trial.number: trial for trial in self._study.get_trials()}
        # Optuna shows learning curves over whole steps.
        whole = all(float(budget).is_integer() for budget in plan.budgets)
        self._steps = {b: int(b) if whole else i for i, b in enumerate(plan.budgets)}

    def start(self, number: int, budget: float) -> Job:
        """The evaluation of a trial, which from now on counts as running."""
        with quiet():
            if self._frozen(number).state == TrialState.WAITING:
                trial = self._study.ask()  # the first that waits
                if trial.number != number:
                    raise SearchError(
                        f"trial {number} was next, but the storage gave {trial.number}: "
                        "is another search writing to it?"
                    )
            else:
                trial = self._live(number)  # another rung, or it ran when the search was killed
            return Job(number, suggest(trial, self.plan.space), budget)

    def record(self, job: Job, result: Result) -> None:
        """Note a result; it ends the trial if it is an error or belongs to the last budget."""
        with quiet():
            trial = self._live(job.number)
            seconds = result.seconds + trial.user_attrs.get("seconds", 0.0)
            trial.set_user_attr("seconds", seconds)
            if result.error:
                trial.set_user_attr("error", result.error)
            else:
                values = [*trial.user_attrs.get("values", []), [job.budget, result.value]]
                trial.set_user_attr("values", values)
                trial.report(result.value, self._steps[job.budget])
        self.settle(job.number)

    def settle(self, number: int, *, prune: bool = False) -> None:
        """End a trial that failed or has its last value, and with `prune` any other as well."""
        frozen = self._frozen(number)
        if frozen.state != TrialState.RUNNING:
            return
        values = _values(frozen)
        with quiet():
            if "error" in frozen.user_attrs:
                self._study.tell(number, state=TrialState.FAIL)
            elif self.plan.budgets[-1] in values:
                self._study.tell(number, values[self.plan.budgets[-1]])
            elif prune:
                self._study.tell(number, state=TrialState.PRUNED)

    def value(self, number: int, budget: float) -> float | None:
        """The value of a trial at a budget; None where there is none."""
        return _values(self._frozen(number)).get(budget)

    def failed(self, number: int) -> bool:
        """Whether the trial failed."""
        return self._frozen(number).state == TrialState.FAIL

    def search(self) -> Search:
        """All trials as they stand."""
        numbers = range(len(self.plan.configs))
        return Search(tuple(self._record(self._frozen(number)) for number in numbers))

    def _record(self, frozen: FrozenTrial) -> TrialRecord:
        values = _values(frozen)
        budget = max(values, default=None)
        return TrialRecord(
            number=frozen.number,
            config=dict(self.plan.configs[frozen.number]),
            state=STATES[frozen.state],
            value=values.get(budget),
            budget=budget,
            values=values,
            error=frozen.user_attrs.get("error", ""),
            seconds=frozen.user_attrs.get("seconds", 0.0),
        )

    def _frozen(self, number: int) -> FrozenTrial:
        return self._study._storage.get_trial(self._trials[number]._trial_id)

    def _live(self, number: int) -> optuna.Trial:
        return optuna.Trial(self._study, self._trials[number]._trial_id)


def _values(frozen: FrozenTrial) -> dict[float, float]:
    return dict(frozen.user_attrs.get("values", []))


def _open_study(plan: Plan, storage: Path | str | None) -> optuna.Study:
    """The study that holds the plan: a new one, or one that was broken off."""
    opened = InMemoryStorage() if storage is None else _open_journal(Path(storage))
    names = optuna.get_all_study_names(opened)
    if names not in ([], [NAME]):
        raise SearchError(f"{storage} must hold one study named {NAME!r}; it holds {names}")
    options = {
        "storage": opened,
        "study_name": NAME,
        "sampler": optuna.samplers.RandomSampler(0),  # all values are given, none is sampled
    }
    # Not load_if_exists, which writes to the journal even so.
    open_ = optuna.load_study if names else partial(optuna.create_study, direction="maximize")
    study = open_(**options)
    known = [trial.system_attrs.get("fixed_params") for trial in study.get_trials()]
    _check_same(plan, study.user_attrs.get("plan", {} if known else plan.told), storage)
    if known != plan.configs[: len(known)]:
        raise SearchError(
            f"{storage} holds a search of this plan, but other configurations (another version of "
            "Optuna?); give this one another storage"
        )
    if "plan" not in study.user_attrs:
        study.set_user_attr("plan", dict(plan.told))
    for config in plan.configs[len(known) :]:
        study.enqueue_trial(config)
    return study


def _check_same(plan: Plan, stored: Mapping[str, str], storage: Path | str | None) -> None:
    names = dict.fromkeys([*plan.told, *stored])
    other = [name for name in names if plan.told.get(name) != stored.get(name)]
    if other:
        there, here = (
            ", ".join(f"{name} {told[name]}" for name in other if name in told)
            for told in (stored, plan.told)
        )
        raise SearchError(
            f"{storage} holds another search: {there} there, {here} here; nothing was changed, "
            "give this search another storage"
        )


def _open_journal(path: Path) -> BaseStorage:
    # Absolute: the lock is a link to the file, and Optuna waits for ever for a dangling one.
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        _mend(path)
    lock = JournalFileSymlinkLock(str(path), grace_period=LOCK_SECONDS)
    try:
        return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))
    except (ValueError, KeyError, AssertionError) as error:
        raise SearchError(f"{path} is no journal of Optuna, or damaged: {error!r}") from error


def _mend(path: Path) -> None:
    """Drop a last line that a killed process left unfinished.

    Optuna skips such a line when it reads, but glues its next entry to it, and from then on the
    file cannot be read.
    """
    content = path.read_bytes()
    first = content.partition(b"\n")
    start = b'{"op_code":'
    if not (first[0].startswith(start) or start.startswith(content)):
        raise SearchError(f"{path} must be a journal of Optuna; it starts with {first[0][:40]!r}")
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
