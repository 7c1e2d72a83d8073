import pytest
import torch

from chapters.hyperparameters.stacks import Settings, train_together
from lib import runtime
from lib.models import MLP, stack
from lib.training import SGD, fit, minibatches
from lib.training.stacks import Part, evaluate
from tests.problems import three_classes

RUN = runtime.start("quick", device="cpu")


@pytest.fixture
def parts():
    return three_classes()


def together(settings, part, **options):
    return train_together(
        settings, part, **({"steps": 20, "run": RUN, "hidden": [8], "batch_size": 10} | options)
    )


def assert_copies_equal(stacked, i, other, j=0):
    for ours, theirs in zip(stacked.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours[i], theirs[j], rtol=1e-5, atol=1e-5)


MIXED = [
    Settings(0.1),
    Settings(0.05, weight_decay=0.1),
    Settings(0.1, scale=3.0),
    Settings(0.02, weight_decay=0.01, scale=0.5, seed=1),
]


def test_each_copy_of_a_stack_is_the_network_that_plain_training_gives(parts):
    train = parts[0]
    stacked = together(MIXED, train)
    for i, s in enumerate(MIXED):
        alone = MLP(4, [8], 3, generator=RUN.generator("init", s.seed))
        with torch.no_grad():
            for weight in alone.weights:
                weight.mul_(s.scale)
        decay = s.weight_decay
        fit(
            alone,
            train.features,
            train.labels,
            optimizer=SGD(alone.parameters(), lr=s.lr, momentum=0.9, decay_steps=20),
            batches=minibatches(60, 10, 20, [RUN.generator("order", s.seed)]),
            penalty=lambda m, decay=decay: decay / 2 * sum(
                p.square().sum() for p in m.parameters()
            ),
        )  # fmt: skip
        assert_copies_equal(stacked, i, stack([alone]))


def test_a_copy_trains_the_same_whatever_its_company(parts):
    stacked = together(MIXED, parts[0])
    for i, settings in enumerate(MIXED):
        assert_copies_equal(stacked, i, together([settings], parts[0]))


def test_a_network_that_diverges_does_not_disturb_the_others(parts):
    absurd = Settings(1e10, weight_decay=1.0)
    stacked = together([MIXED[0], absurd, MIXED[3]], parts[0])
    assert torch.isnan(evaluate(stacked, parts[1])[1])
    assert_copies_equal(stacked, 0, together([MIXED[0]], parts[0]))
    assert_copies_equal(stacked, 2, together([MIXED[3]], parts[0]))


def test_weight_decay_shrinks_the_weights(parts):
    model = together([Settings(0.05, weight_decay=d) for d in (0.0, 0.1, 1.0)], parts[0])
    none, some, much = sum(p.detach().square().sum(dim=(1, 2)) for p in model.weights).tolist()
    assert none > some > much


def test_a_network_sees_its_own_rows_and_no_others(parts):
    train = parts[0]
    rows = torch.arange(0, 60, 2)
    labels = train.labels.clone()
    labels[1::2] = (labels[1::2] + 1) % 3
    changed = Part(train.features, labels)
    settings = [Settings(0.1, rows=rows), Settings(0.1, rows=rows + 1)]
    before, after = together(settings, train), together(settings, changed)
    assert_copies_equal(before, 0, after, 0)
    assert not torch.allclose(before.weights[0][1], after.weights[0][1], atol=1e-3)


def test_rows_are_trained_on_like_a_part_of_their_own(parts):
    train = parts[0]
    rows = torch.arange(5, 45)
    own = Part(train.features[rows], train.labels[rows])
    by_rows = together([Settings(0.1, rows=rows)], train)
    assert_copies_equal(by_rows, 0, together([Settings(0.1)], own))


def test_all_networks_need_as_many_rows(parts):
    settings = [Settings(0.1, rows=torch.arange(20)), Settings(0.1, rows=torch.arange(30))]
    with pytest.raises(ValueError, match=r"all settings need as many rows; got \[20, 30\]"):
        together(settings, parts[0])


def test_a_stack_needs_settings_and_a_batch_that_its_rows_can_fill(parts):
    with pytest.raises(ValueError, match="at least one model; got none"):
        together([], parts[0])
    with pytest.raises(ValueError, match="batch_size must be from 1 to 5"):
        together([Settings(0.1, rows=torch.arange(5))], parts[0])
