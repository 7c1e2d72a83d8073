"""Claims, the experiments that measure them, and the ledger of results."""

from lib.evidence.claims import FAILS, FAILS_ON_AVERAGE, HOLDS, HOLDS_ON_AVERAGE, OPEN, Claim
from lib.evidence.experiments import Experiment

__all__ = ["FAILS", "FAILS_ON_AVERAGE", "HOLDS", "HOLDS_ON_AVERAGE", "OPEN", "Claim", "Experiment"]
