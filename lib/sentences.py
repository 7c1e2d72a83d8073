"""Sentences compared with references: BLEU, and word alignment."""

import difflib
from collections.abc import Sequence
from typing import cast

import sacrebleu


def bleu(said: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Corpus BLEU-4 in percent: shared runs of one to four words, penalized if too short.

    It is 0 if no run of four words is shared, and so if no sentence has four words.

    Args:
        said: a sentence for each picture, words separated by spaces.
        references: for each picture the sentences that people, or a grammar, wrote about it; there
            may be any number for each.

    Raises:
        ValueError: no sentences, a different number of them than of lists of references, or a
            picture without a reference.

    Source: Papineni et al., "BLEU", ACL 2002; computed by sacrebleu (Post, 2018), no tokenizer.
    """
    if not said or len(said) != len(references):
        raise ValueError(
            f"expected as many sentences as lists of references; got {len(said)} and "
            f"{len(references)}"
        )
    if isinstance(references[0], str) or not all(references):
        raise ValueError("each sentence needs a list of one reference or more")
    most = max(map(len, references))
    # sacrebleu wants a list of all first references, then one of all second ones, with None where
    # there is none.
    columns = [[row[k] if k < len(row) else None for row in references] for k in range(most)]
    given = cast(list[list[str]], columns)  # its declared types leave out None
    return sacrebleu.corpus_bleu(list(said), given, tokenize="none", force=True).score


def align_words(said: Sequence[str], truth: Sequence[str]) -> list[int | None]:
    """For each word said, the position in the truth that it stands for; None if it has none.

    Words in the longest shared runs are paired, and so are runs of equal length between them, in
    which words were replaced.
    """
    pairs: list[int | None] = [None] * len(said)
    matcher = difflib.SequenceMatcher(None, list(said), list(truth), autojunk=False)
    for tag, start, stop, other, end in matcher.get_opcodes():
        if tag == "equal" or (tag == "replace" and stop - start == end - other):
            pairs[start:stop] = range(other, end)
    return pairs
