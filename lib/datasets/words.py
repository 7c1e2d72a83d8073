"""Words as numbers: what the languages of the course share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

PAD, START, END, UNKNOWN = range(4)
SPECIAL = ("<pad>", "<start>", "<end>", "<unknown>")


@dataclass(frozen=True)
class Vocabulary:
    """The words of one language; the first four are `SPECIAL`.

    Raises:
        ValueError: other words come first.
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.words[: len(SPECIAL)] != SPECIAL:
            raise ValueError(
                f"the first words must be {', '.join(SPECIAL)}; got {len(self.words)} words that "
                f"begin with {self.words[: len(SPECIAL)]}"
            )

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """The number of each word, followed by END; unknown words get UNKNOWN."""
        numbers = _numbers(self.words)
        return [numbers.get(token, UNKNOWN) for token in tokens] + [END]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The words up to END; padding and START are left out."""
        tokens = []
        for number in numbers:
            if number == END:
                break
            if number not in (PAD, START):
                tokens.append(self.words[number])
        return tokens


@cache
def _numbers(words: tuple[str, ...]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}


def pad(rows: Sequence[Sequence[int]]) -> Tensor:
    """Rows of numbers as one tensor (rows, longest), padded with PAD at the end.

    Raises:
        ValueError: no rows.
    """
    if not rows:
        raise ValueError("expected at least one row; got none")
    table = torch.full((len(rows), max(map(len, rows))), PAD)
    for row, numbers in zip(table, rows, strict=True):
        row[: len(numbers)] = torch.tensor(numbers, dtype=torch.int64)
    return table
