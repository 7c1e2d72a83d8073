import pytest
import torch

from lib.datasets.words import END, PAD, START
from lib.models.sequences import batches_by_length, sequence_loss, shift, teacher_forcing


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_loss_is_the_mean_over_words_that_are_not_padding():
    logits = torch.randn(2, 3, 5, generator=seeded())
    target = torch.tensor([[4, END, PAD], [3, 3, END]])
    log_p = logits.log_softmax(-1)
    expected = -sum(log_p[r, t, target[r, t]] for r, t in ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2)))
    torch.testing.assert_close(sequence_loss(logits, target), expected / 5)


def test_what_stood_before_each_word():
    target = torch.tensor([[5, 6, END, PAD], [7, END, PAD, PAD]])
    source = torch.tensor([[4, END, PAD], [4, END, PAD]])
    assert shift(target).tolist() == [[START, 5, 6, END], [START, 7, END, PAD]]
    (seen, before), learned = teacher_forcing(source, target)
    assert seen.tolist() == [[4, END]] * 2
    assert before.tolist() == [[START, 5, 6], [START, 7, END]]
    assert learned.tolist() == [[5, 6, END], [7, END, PAD]]


def test_batches_by_length_visit_every_sentence_once_a_pass_and_pad_little():
    lengths = torch.arange(40) % 10 + 1
    target = (torch.arange(10) < lengths[:, None]).long()
    batches = list(batches_by_length(target, 4, 30, seeded()))
    for start in (0, 10, 20):
        visited = torch.cat(batches[start : start + 10])
        assert sorted(visited.tolist()) == list(range(40))
    assert all(len(set(lengths[batch].tolist())) == 1 for batch in batches)
    assert len({int(lengths[batch[0]]) for batch in batches[:5]}) > 1
    again = batches_by_length(target, 4, 30, seeded())
    assert all(torch.equal(one, other) for one, other in zip(batches, again, strict=True))


@pytest.mark.parametrize("batch_size", [0, 41])
def test_impossible_batch_sizes_are_named(batch_size):
    with pytest.raises(ValueError, match=f"from 1 to 40; got {batch_size}"):
        next(batches_by_length(torch.ones(40, 3).long(), batch_size, 1, seeded()))


def test_a_loss_of_nothing_is_refused():
    with pytest.raises(ValueError, match="nothing but PAD"):
        sequence_loss(torch.zeros(1, 2, 5), torch.zeros(1, 2, dtype=torch.int64))
    with pytest.raises(ValueError, match="logits must be"):
        sequence_loss(torch.zeros(1, 3, 5), torch.ones(1, 2, dtype=torch.int64))
