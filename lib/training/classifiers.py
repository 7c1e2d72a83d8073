"""Small networks that several chapters use: trained once, then cached in a verified file."""

import hashlib
import io
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from lib.datasets.downloads import data_root
from lib.datasets.scenes import SceneDataset, load_scenes
from lib.files import write_atomically
from lib.models import ConvNet
from lib.runtime import Run
from lib.training.trials import Trial, run_trials

LIB = Path(__file__).parents[1]
SCENE_SIZE = 64  # pixels
NETWORK = {"width": 8, "batch_norm": True}
# Code that also determines the weights.
CODE = (
    "models",
    "initialization.py",
    "training/fitting.py",
    "training/measures.py",
    "training/optimizers.py",
    "training/trials.py",
)
DIGEST = 64  # hexadecimal digits at the start of a file


def training_scenes(run: Run, *, bias: float = 0.0) -> SceneDataset:
    """The scenes that `scene_classifiers` learn from, on the run's device."""
    return load_scenes(
        run.pick(quick=400, standard=3000),
        generator=run.generator("scene classifier", str(bias)),
        size=SCENE_SIZE,
        bias=bias,
        device=run.device,
    )


def scene_classifiers(
    run: Run, *, seeds: Sequence[int], bias: float = 0.0, cache: str | Path | None = None
) -> list[ConvNet]:
    """Classifiers of the main shape of scenes (n, 3, 64, 64), in evaluation mode, on `run.device`.

    They differ in initial weights and order of the examples; the scenes are the same. A network is
    kept in a file with its SHA-256, under a key of its recipe, its training scenes and the code
    that trained it. A file that fails verification is not used, and failing to write one is no
    error; both are reported on stderr.

    Args:
        run: at budget "quick" they learn from few scenes and make many errors.
        seeds: one network for each seed.
        bias: bias of the training scenes, see `load_scenes`.
        cache: the folder of the files; None is `networks/` in the data folder.

    Cost: at "standard" about 12 s each on one core, unless they are in the cache.
    """
    folder = Path(cache or data_root() / "networks")
    train = training_scenes(run, bias=bias)
    trials = {
        s: Trial(seed=s, steps=run.pick(quick=120, standard=800), network=NETWORK) for s in seeds
    }
    paths = {s: folder / f"scenes-{_key(trial, train, run)}.pt" for s, trial in trials.items()}
    loaded = {s: _load(path, train, run) for s, path in paths.items()}
    networks = {s: network for s, network in loaded.items() if network is not None}
    missing = [s for s in trials if s not in networks]
    if missing:
        label = f"training {len(missing)} scene classifier(s)"
        todo = [trials[s] for s in missing]
        outcomes = run_trials(todo, train, {}, run=run, keep_models=True, progress=label)
        for s, outcome in zip(missing, outcomes, strict=True):
            assert isinstance(outcome.model, ConvNet)  # what a trial makes unless told otherwise
            networks[s] = outcome.model
            _keep(paths[s], outcome.model)
    return [networks[s].to(run.device).eval() for s in seeds]


def _key(trial: Trial, train: SceneDataset, run: Run) -> str:
    """A digest of everything that determines the weights."""
    digest = hashlib.sha256(repr((trial.seed, trial.steps, NETWORK, run.seed)).encode())
    digest.update(f"{torch.__version__} {run.device.type}".encode())
    for tensor in (train.images, train.labels):
        digest.update(tensor.cpu().numpy().tobytes())
    for name in CODE:
        part = LIB / name
        for file in sorted(part.glob("*.py")) if part.is_dir() else [part]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:20]


def _keep(path: Path, network: nn.Module) -> None:
    """Save a network; a folder that cannot be written costs time, not the network."""
    try:
        _save(path, network)
    except OSError as error:
        print(f"{path} cannot be written ({error}); train it again next time", file=sys.stderr)


def _save(path: Path, network: nn.Module) -> None:
    buffer = io.BytesIO()
    torch.save(network.state_dict(), buffer)
    content = buffer.getvalue()
    write_atomically(path, hashlib.sha256(content).hexdigest().encode() + content)


def _load(path: Path, train: SceneDataset, run: Run) -> ConvNet | None:
    """The network in a file; None if there is no file, or its content is damaged.

    Nothing in the file is executed: it is read as tensors only.
    """
    if not path.is_file():
        return None
    content = path.read_bytes()
    if hashlib.sha256(content[DIGEST:]).hexdigest().encode() != content[:DIGEST]:
        print(f"{path} is damaged; its network is trained again", file=sys.stderr)
        return None
    channels, classes = train.images.shape[1], len(train.classes)
    network = ConvNet(channels, classes, generator=run.generator("unused"), **NETWORK)
    try:
        network.load_state_dict(torch.load(io.BytesIO(content[DIGEST:]), weights_only=True))
    except (pickle.UnpicklingError, EOFError, RuntimeError, TypeError) as error:
        reason = f"holds no weights of this network ({type(error).__name__})"
        print(f"{path} {reason}; it is trained again", file=sys.stderr)
        return None
    return network
