"""How far a mean over a few seeds can be trusted: Student's interval at 95%."""

import math
import statistics
from collections.abc import Sequence

from scipy.special import stdtrit

CONFIDENCE = 0.95
FEWEST = 3  # values; with fewer, an interval says next to nothing


def t_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean and the two ends of its 95% interval: mean ± t · std / sqrt(n).

    Args:
        values: independent measurements, such as one per seed.

    Raises:
        ValueError: fewer than three values, or one that is not finite.
    """
    if len(values) < FEWEST or not all(map(math.isfinite, values)):
        raise ValueError(f"values must be {FEWEST} or more finite numbers; got {list(values)}")
    mean = statistics.fmean(values)
    half = t_quantile(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return mean, mean - half, mean + half


def t_quantile(df: int) -> float:
    """The t for which a Student variable lies within ±t with probability 0.95.

    Args:
        df: degrees of freedom, an integer of at least 1.
    """
    return float(stdtrit(df, (1 + CONFIDENCE) / 2))
