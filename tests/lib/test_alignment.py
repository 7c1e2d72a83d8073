import pytest
import torch

from lib.alignment import alignment_error_rate, strongest_links


def test_each_word_is_linked_to_its_largest_weight():
    weights = torch.tensor([[[0.1, 0.7, 0.2], [0.6, 0.3, 0.1], [0.2, 0.2, 0.6]]])
    rows = torch.tensor([[True, True, False]])
    links = strongest_links(weights, rows)
    assert links.int().tolist() == [[[0, 1, 0], [1, 0, 0], [0, 0, 0]]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_of_equal_weights_the_first_is_linked_and_nan_never(dtype):
    weights = torch.tensor([[0.5, 0.5], [torch.nan, 0.1], [torch.nan, torch.nan]], dtype=dtype)
    links = strongest_links(weights, torch.ones(3, dtype=torch.bool))
    assert links.int().tolist() == [[1, 0], [0, 1], [1, 0]]


def test_error_rate_of_a_table_counted_by_hand():
    # Words 0 and 1 are sure; word 2 may be linked to 2 or 3. Found: right, wrong, right.
    possible = torch.tensor([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]]).bool()
    found = torch.tensor([[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]).bool()
    # |A ∩ S| = 1, |A ∩ P| = 2, |A| = 3, |S| = 2
    assert alignment_error_rate(found, possible) == pytest.approx(1 - 3 / 5)


def test_error_rate_is_0_for_the_truth_and_1_for_nothing_right():
    possible = torch.tensor([[1, 0, 0], [0, 1, 1]]).bool()
    assert alignment_error_rate(possible, possible) == 0
    assert alignment_error_rate(strongest_links(possible.float(), possible.any(1)), possible) == 0
    assert alignment_error_rate(~possible, possible) == 1


def test_error_rate_with_sure_links_given():
    possible = torch.tensor([[True, True]])
    found, sure = torch.tensor([[True, False]]), torch.tensor([[False, True]])
    assert alignment_error_rate(found, possible, sure) == pytest.approx(1 - 1 / 2)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ((torch.ones(2, 2), torch.ones(2, 2).bool()), "must be bool"),
        ((torch.ones(2, 3).bool(), torch.ones(2, 2).bool()), "one shape"),
        ((torch.zeros(2, 2).bool(), torch.zeros(2, 2).bool()), "no links"),
        ((*[torch.zeros(2, 2).bool()] * 2, torch.ones(2, 2).bool()), "must be possible"),
    ],
)
def test_tables_that_say_nothing_are_refused(tables, message):
    with pytest.raises(ValueError, match=message):
        alignment_error_rate(*tables)
