"""Sentences compared with references: BLEU, and which word stands for which."""

import difflib
from collections.abc import Sequence
from typing import cast

import sacrebleu


def bleu(said: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Corpus BLEU-4 in percent: shared runs of one to four words, and no shorter than asked.

    Args:
        said: a sentence for each picture, words with spaces between them.
        references: for each picture the sentences that people, or a grammar, wrote about it; their
            numbers may differ.

    Raises:
        ValueError: no sentences, numbers that differ, or a picture without a reference.

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
    # sacrebleu wants the first reference of every sentence, then the second; None where there is
    # none.
    columns = [[row[k] if k < len(row) else None for row in references] for k in range(most)]
    given = cast(list[list[str]], columns)  # its declared types leave out None
    return sacrebleu.corpus_bleu(list(said), given, tokenize="none", force=True).score


def align_words(said: Sequence[str], truth: Sequence[str]) -> list[int | None]:
    """For each word said the position in the truth that it stands for; None for one too many.

    Words in the longest shared runs are paired, and between them runs of equal length, in which a
    word was written in place of another.
    """
    pairs: list[int | None] = [None] * len(said)
    matcher = difflib.SequenceMatcher(None, list(said), list(truth), autojunk=False)
    for tag, start, stop, other, end in matcher.get_opcodes():
        if tag == "equal" or (tag == "replace" and stop - start == end - other):
            pairs[start:stop] = range(other, end)
    return pairs
