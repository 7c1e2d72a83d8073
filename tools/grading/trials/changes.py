"""What a function has changed of its arguments, in the student's process and then here."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tools.grading.trials.values import Decoder, encode, encode_tensor


def state_of(part: object, known: dict[int, int]) -> list | None:
    """What of an object in the arguments a function can change; None if there is nothing."""

    def nothing(_: object) -> None:
        return None

    if isinstance(part, Tensor):
        grad = None if part.grad is None else encode_tensor(part.grad)
        return [encode_tensor(part), grad]
    if isinstance(part, torch.Generator):
        return encode_tensor(part.get_state())
    if isinstance(part, nn.Module):
        values = [*part.named_parameters(), *part.named_buffers()]
        training = [module.training for module in part.modules()]
        return [[[name, *(state_of(value, {}) or ())] for name, value in values], training]
    if isinstance(part, list | dict | np.ndarray):
        return encode(part, {i: n for i, n in known.items() if i != id(part)}, nothing)
    return None


def change(part: Any, state: Any, parts: list) -> None:
    """Change an argument as it was changed in the student's process."""
    decode = Decoder(parts, lambda _: None).value
    if isinstance(part, nn.Module):
        values, training = state
        own = [*part.parameters(), *part.buffers()]
        for mine, (_, *rest) in zip(own, values, strict=True):
            change(mine, rest, parts)
        for module, flag in zip(part.modules(), training, strict=True):
            module.training = bool(flag)
    elif isinstance(part, Tensor):
        _change_tensor(part, decode(state[0]), None if state[1] is None else decode(state[1]))
    elif isinstance(part, torch.Generator):
        part.set_state(decode(state))
    elif isinstance(part, list):
        part[:] = decode(state)
    elif isinstance(part, dict):
        found = decode(state)
        part.clear()
        part.update(found)
    else:
        part[...] = decode(state)


def _change_tensor(part: Tensor, value: Tensor, grad: Tensor | None) -> None:
    with torch.no_grad():
        if value.shape == part.shape and value.dtype == part.dtype:
            part.copy_(value)
        else:
            part.data = value.detach()
    if part.is_leaf:
        part.requires_grad_(value.requires_grad)
        part.grad = grad
