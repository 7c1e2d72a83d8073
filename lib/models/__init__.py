"""Networks of the course: multilayer perceptrons (one or many stacked) and a small residual one."""

from lib.models.convnet import ConvNet
from lib.models.initialization import initialize_
from lib.models.mlp import INITIALIZATIONS, MLP, Trace, init_std, stack

__all__ = ["INITIALIZATIONS", "MLP", "ConvNet", "Trace", "init_std", "initialize_", "stack"]
