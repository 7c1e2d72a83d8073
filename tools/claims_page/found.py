"""What the runs of a build found, next to the evidence."""

from collections.abc import Sequence
from pathlib import Path

from lib.evidence.cards import Card
from lib.evidence.ledger import Ledger, load_found


def found_cards(folder: Path, ledger: Ledger) -> dict[str, Card]:
    """A card for each claim recorded by a run in a folder, keyed by ID."""
    return {claim.id: Card.of(claim, ledger, values) for claim, values in load_found(folder)}


def agreement(cards: Sequence[Card]) -> str:
    """Such as "The build of this page measured 37 again; 36 agree … 1 differs: relu-wins."."""
    here = [card for card in cards if card.here and card.evidence]
    differing = [card.claim.id for card in here if card.differs]
    measured = f"{len(here)} claim{'' if len(here) == 1 else 's'} measured here"
    if not differing:
        return f"{measured}, {'it agrees' if len(here) == 1 else 'all agree'} with the evidence."
    verb = "differs" if len(differing) == 1 else "differ"
    agreeing = len(here) - len(differing)
    return (
        f"{measured}, {agreeing} agree{'s' if agreeing == 1 else ''} with the evidence; "
        f"{len(differing)} {verb}: {', '.join(differing)}."
    )
