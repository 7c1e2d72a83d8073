"""Networks of the course: multilayer perceptrons (one or many stacked) and a small residual one."""

from lib.initialization import INITIALIZATIONS, init_std, initialize_
from lib.models.convnet import ConvNet
from lib.models.mlp import MLP, Trace, stack

__all__ = ["INITIALIZATIONS", "MLP", "ConvNet", "Trace", "init_std", "initialize_", "stack"]
