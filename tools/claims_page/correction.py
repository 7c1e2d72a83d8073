"""How the verdicts fare if all claims are tested together."""

from collections.abc import Iterable
from dataclasses import dataclass

from scipy.stats import false_discovery_control

from lib.evidence.cards import Card
from lib.evidence.claims import OPEN

LEVEL = 0.05  # accepted share of false verdicts among those that survive


@dataclass(frozen=True)
class Correction:
    """The p-values of all claims with several runs, corrected for their number.

    Attributes:
        corrected: p-values by claim ID.
        survivors: IDs of the claims that hold or fail, and do so at `LEVEL`.
        decided: the number of claims that hold or fail before the correction.
    """

    corrected: dict[str, float]
    survivors: frozenset[str]
    decided: int

    @classmethod
    def of(cls, cards: Iterable[Card]) -> "Correction":
        """The correction for a family of claims.

        The claims of a chapter share data and networks, so the procedure has to allow any
        dependence between their p-values.

        Source: Benjamini and Yekutieli (2001), theorem 1.3.
        """
        known = [card for card in cards if is_confirmed(card)]
        p_values = [card.evidence.p_value(card.claim) for card in known if card.evidence]
        ids = [card.claim.id for card in known]
        corrected = dict(zip(ids, map(float, _adjusted(p_values)), strict=True))
        decided = [card.claim.id for card in known if card.verdict != OPEN]
        survivors = frozenset(id for id in decided if corrected[id] <= LEVEL)
        return cls(corrected, survivors, len(decided))


def is_confirmed(card: Card) -> bool:
    """Whether there are enough runs to say how much runs differ."""
    evidence = card.evidence
    return evidence is not None and evidence.has_interval and not evidence.is_provisional


def _adjusted(p_values: list[float]) -> Iterable[float]:
    return false_discovery_control(p_values, method="by") if p_values else []
