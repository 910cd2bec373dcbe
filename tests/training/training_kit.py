"""Tiny models, made photos and a stage that is run, killed and run again. Spawned processes use it too."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from thresher.images.cache import PhotoCache
from thresher.models.photo_model import PhotoModel
from thresher.progress import SILENT, Progress
from thresher.recipe.schema import ImagesSection, TrainStage
from thresher.training.harness import Harness
from thresher.training.loop import TrainData, train_stage
from thresher.training.state import StateFile

CLASSES, SIDE = 3, 16


def tiny_model(seed=0, dropout=0.0, norm=True):
    """Two convolutions and a head, a few hundred weights; batch norms with statistics of their own."""
    torch.manual_seed(seed)
    backbone = nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2, bias=not norm),
        nn.BatchNorm2d(6) if norm else nn.Identity(),
        nn.ReLU(),
        nn.Conv2d(6, 8, 3, stride=2),
        nn.BatchNorm2d(8) if norm else nn.Identity(),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    for module in backbone:
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.3, 0.6)
            nn.init.uniform_(module.weight, 0.5, 1.5)
    model = PhotoModel(backbone, 8, CLASSES, (0.5,) * 3, (0.25,) * 3, dropout=dropout)
    nn.init.normal_(model.head.weight, std=0.3)
    return model.eval()


def open_cache(folder):
    """The photos that `write_photos` wrote."""
    paths = sorted(str(path) for path in Path(folder).glob("*.png"))
    return PhotoCache.open(paths, 20, ImagesSection(cache_dir=str(Path(folder) / "cache")))


def write_photos(folder, count=23):
    """Small photos of noise whose mean colour tells their class."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for row in range(count):
        rng = np.random.default_rng(row)
        photo = rng.normal(90, 40, (20 + row % 3, 24, 3))
        photo[..., row % CLASSES] += 60
        Image.fromarray(photo.clip(0, 255).astype(np.uint8)).save(folder / f"{row:03d}.png")
    return folder


def targets_of(count):
    """The class of every photo of `write_photos`."""
    return np.arange(count) % CLASSES


class Killed(Exception):
    """Stands for a kill signal."""


class Killer(Progress):
    """Raises after so many steps."""

    def __init__(self, steps):
        self.left = steps

    def advance(self, count=1, **facts):
        if facts:  # a step, not what is known to be done
            self.left -= 1
            if self.left < 0:
                raise Killed


@dataclass
class Bench:
    """Runs stages on one data set; every call is a new process's view of the same job folder."""

    cache: PhotoCache
    folder: Path
    minutes: float = 1e6
    dropout: float = 0.0
    weights: np.ndarray | None = None
    rows: np.ndarray | None = None
    targets: np.ndarray | None = None
    seed: int = 5
    workers: int = 0
    watched: list = field(default_factory=list)

    def watch(self, model):
        """Scores fixed photos: any difference of the averaged weights shows in the history."""
        model.eval()
        with torch.no_grad():
            photos = torch.arange(2 * 12 * 12 * 3).reshape(2, 12, 12, 3).remainder(256).to(torch.uint8)
            value = float(model(photos).square().sum())
        self.watched.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
        return {"valid_loss": value}

    def run(self, *stages, progress=SILENT, watch=None, harness=None, model=None):
        """Trains a fresh model through all stages, as a job does; goes on where the state file says.

        Returns:
            the model and the history.
        """
        model = tiny_model(dropout=self.dropout) if model is None else model
        rows = np.arange(len(self.cache)) if self.rows is None else self.rows
        targets = targets_of(len(self.cache)) if self.targets is None else self.targets
        data = TrainData(self.cache, rows, targets, tuple("abc"), self.weights)
        history = []
        harness = harness or Harness(cpu=True)
        state_file = StateFile(self.folder / "state.pt", self.minutes, "key", writes=harness.rank == 0)
        saved = state_file.load()
        first_epoch = 0
        for number, stage in enumerate(stages):
            if saved is not None and number < saved["stage"]:
                first_epoch += stage.epochs
                continue
            train_stage(
                model,
                stage,
                data,
                image_size=SIDE,
                seed=self.seed,
                number=number,
                first_epoch=first_epoch,
                harness=harness,
                state_file=state_file,
                history=history,
                workers=self.workers,
                watch=watch or self.watch,
                progress=progress,
            )
            first_epoch += stage.epochs
        return model, history


def stage(**settings):
    """A stage of two epochs in small batches."""
    return TrainStage(**{"epochs": 2, "batch_size": 4, "precision": "fp32", "body_lr": 0.5, **settings})


def same_weights(a, b):
    """Whether two models are equal to the bit, running statistics included."""
    other = b.state_dict()
    return all(torch.equal(tensor, other[name]) for name, tensor in a.state_dict().items())


def without_times(history):
    """History rows but for what a clock says."""
    return [{key: row[key] for key in row if key not in ("seconds", "photos_per_second")} for row in history]
