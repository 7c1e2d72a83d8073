import pytest
import torch

from chapters.seq2seq import checks
from lib.alignment import alignment_error_rate
from lib.attention import additive_attention
from lib.models.sequences import sequence_loss


def attend(query, keys, values, mask, score):
    return additive_attention(query, keys, values, mask, score=score)


def zeroed_behind(query, keys, values, mask, score):
    weights = (torch.tanh(query[:, None] + keys) @ score).softmax(-1) * mask
    return (weights[:, None] @ values)[:, 0], weights


def hand_made_softmax(query, keys, values, mask, score):
    e = torch.exp(torch.tanh(query[:, None] + keys) @ score) * mask
    weights = e / e.sum(-1, keepdim=True)
    return (weights[:, None] @ values)[:, 0], weights


def plain_mean(logits, target):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten())


def mean_of_means(logits, target):
    costs = torch.nn.functional.cross_entropy(
        logits.transpose(1, 2), target, ignore_index=0, reduction="none"
    )
    return (costs.sum(1) / (target != 0).sum(1)).mean()


def precision_alone(found, possible, sure):
    return 1 - float((found & possible).sum() / found.sum())


def beam_step(log_p, following, done):
    only_pad = torch.full_like(following, -torch.inf)
    only_pad[:, 0] = 0
    every = log_p[:, None] + torch.where(done[:, None], only_pad, following)
    best, index = every.flatten().topk(len(log_p))
    return best, index // following.shape[1], index % following.shape[1]


def forgets_ends(log_p, following, done):
    return beam_step(log_p, following, torch.zeros_like(done))


def greedy_steps(log_p, following, done):
    best, word = following.max(1)
    return log_p + best, torch.arange(len(log_p)), word


def also_continues_ends(log_p, following, done):
    following = following.clone()
    following[done, 0] = 0
    best, index = (log_p[:, None] + following).flatten().topk(len(log_p))
    return best, index // following.shape[1], index % following.shape[1]


RIGHT = {
    checks.check_masked_attention: attend,
    checks.check_masked_loss: sequence_loss,
    checks.check_error_rate: alignment_error_rate,
    checks.check_beam_step: beam_step,
}
WRONG = [
    (checks.check_masked_attention, zeroed_behind, "weights"),
    (checks.check_masked_attention, hand_made_softmax, "very large scores"),
    (checks.check_masked_attention, lambda q, k, v, m, s: attend(q, k, v, m | True, s), "hidden"),
    (checks.check_masked_attention, lambda *a: attend(*a)[0], "expected 2 results"),
    (checks.check_masked_loss, plain_mean, "one word, one padding"),
    (checks.check_masked_loss, mean_of_means, "sentences of other lengths"),
    (checks.check_error_rate, precision_alone, "nothing found"),
    (checks.check_beam_step, forgets_ends, "a finished beginning"),
    (checks.check_beam_step, greedy_steps, "which beginnings"),
    (checks.check_beam_step, also_continues_ends, "all finished"),
]


@pytest.mark.parametrize(("check", "answer"), RIGHT.items(), ids=lambda f: f.__name__)
def test_right_answers_pass(check, answer):
    assert check(answer).passed, check(answer)


@pytest.mark.parametrize(("check", "answer", "case"), WRONG)
def test_wrong_answers_are_told_what_is_wrong(check, answer, case):
    report = check(answer)
    assert report.attempted
    assert any(case in f"{name} {problem}" for name, problem in report.results if problem), report


@pytest.mark.parametrize("check", RIGHT, ids=lambda f: f.__name__)
def test_a_stub_is_not_attempted(check):
    def stub(*_):
        raise NotImplementedError

    assert not check(stub).attempted
