"""Rates of this machine for recipes that are still being made smaller: two small measurements a backbone.

A step takes a time that grows with the pixels of its photos, and one that does not (the optimizer, the
average). Both follow from steps at two sizes; the rate at any size and batch follows from both.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thresher.dataset.table import Dataset
from thresher.errors import DataError, RecipeError
from thresher.images.entries import read_entry
from thresher.inference.choice import candidates
from thresher.inference.engine import EngineError, open_engine
from thresher.models.build import build_embedder, build_model
from thresher.pipeline.rates import score_seconds, step_rate, view_seconds
from thresher.recipe.schema import ModelSection, Recipe, TrainStage
from thresher.training.harness import Harness
from thresher.training.precision import choose_precision

SIZES = (96, 160)
BATCH = 8
SECONDS = 0.6
LOOKED_AT = 16
SNAPMIX = 4 / 3
"""Mixers that ask where the network looks take a forward pass more."""


@dataclass(frozen=True)
class Photos:
    """What some of the photos say of all.

    Attributes:
        side: short side in pixels that nine of ten photos do not exceed by much: their median.
        read: seconds of one thread to read one.
        pixels: of these photos.
    """

    side: int
    read: float
    pixels: tuple[np.ndarray, ...]


def look_at(dataset: Dataset, recipe: Recipe) -> Photos:
    """Reads a few photos, far from each other.

    Raises:
        DataError: none of them can be read.
    """
    paths = dataset.frame["path"].tolist()
    some = [paths[place] for place in np.linspace(0, len(paths) - 1, min(LOOKED_AT, len(paths))).astype(int)]
    start = time.perf_counter()
    entries = [read_entry(str(path), 1024, recipe.images.max_megapixels) for path in some]
    read = (time.perf_counter() - start) / len(entries)
    good = [entry for entry in entries if entry.pixels is not None]
    if not good:
        raise DataError(f"none of {len(some)} photos can be read, the first because: {entries[0].reason}")
    side = int(np.median([min(entry.width, entry.height) for entry in good]))
    return Photos(side, read, tuple(entry.pixels for entry in good if entry.pixels is not None))


@dataclass(frozen=True)
class _Step:
    """Seconds for a photo of a training step: ``pixel * side^2 + step / batch``."""

    pixel: float
    step: float


class Speed:
    """Measures what it is asked for the first time; see `thresher.pipeline.expected.Rates`.

    Args:
        photos: a few of them.
        classes: K.
        harness: device and threads.
        scratch: folder for exported graphs.
    """

    def __init__(self, photos: Photos, classes: int, harness: Harness, scratch: Path) -> None:
        self.photos, self.classes, self.harness, self.scratch = photos, classes, harness, scratch
        self._steps: dict[str, _Step] = {}
        self._known: dict[str, float] = {}
        self._took: list[float] = []

    @property
    def took(self) -> float:
        """Seconds in which one backbone was measured, so far; 0 before the first."""
        return float(np.mean(self._took)) if self._took else 0.0

    def score(self, recipe: Recipe, name: str, size: int | None) -> float:
        """See `Rates.score`."""
        section = recipe.models[name]
        trained = [(n, stage) for n, stage in enumerate(section.stages) if stage.kind == "train"]
        if trained:  # what it trains takes far longer than what it scores: a guess will do
            number, stage = trained[0]
            at_a_time = (recipe.training.jobs or 1) * (6 if self.harness.device.type == "cpu" else 1)
            ratio = (size or section.image_size) / (stage.image_size or section.image_size)
            return self.step(recipe, name, number) * ratio**2 / at_a_time / _passes(stage)
        key = f"{section.backbone} {section.engine} {section.precision}"
        if key not in self._known:
            side = self._sides(section)[-1]
            self._known[key] = self._score(_plain(section, side), side) / side**2
        return self._known[key] * (size or section.image_size) ** 2

    def step(self, recipe: Recipe, name: str, number: int) -> float:
        """See `Rates.step`."""
        section, stage = recipe.models[name], recipe.models[name].stages[number]
        assert stage.kind == "train"
        jobs = recipe.training.jobs or 1
        key = f"{section.backbone} {stage.precision} {jobs}"
        if key not in self._steps:
            start = time.perf_counter()
            self._steps[key] = self._measure(section, stage, jobs)
            self._took.append(time.perf_counter() - start)
        found, size = self._steps[key], stage.image_size or section.image_size
        seconds = found.pixel * size**2 + found.step / stage.batch_size
        return seconds * _passes(stage)

    def view(self, recipe: Recipe, name: str, number: int) -> float:
        """See `Rates.view`."""
        section, stage = recipe.models[name], recipe.models[name].stages[number]
        assert stage.kind == "train"
        size = stage.image_size or section.image_size
        key = f"view {stage.augment} {size}"
        if key not in self._known:
            cache: Any = self.photos.pixels
            self._known[key] = view_seconds(cache, np.arange(len(cache)), stage.augment, size)
        return self._known[key] if self.harness.device.type == "cpu" else 0.0

    def width(self, section: ModelSection) -> int:
        """See `Rates.width`."""
        key = f"width {section.backbone}"
        if key not in self._known:
            self._known[key] = build_model(_plain(section, section.image_size), 2, pretrained=False).width
        return int(self._known[key])

    def _sides(self, section: ModelSection) -> tuple[int, ...]:
        """Sizes to measure at: a network that takes its own only is measured at that."""
        try:
            for side in SIZES:
                build_model(_plain(section, side), 2, pretrained=False)
        except RecipeError:
            return (natural(section.backbone),)
        return SIZES

    def _score(self, section: ModelSection, side: int) -> float:
        """Seconds for a photo, by the engine that is expected to be the fastest."""
        device = self.harness.device
        engine, precision = candidates(section.engine, section.precision, str(device))[0]
        embedder = build_embedder(section)
        given = (precision, section.score_batch, device, self.scratch)
        try:
            return score_seconds(open_engine(embedder, side, engine, *given))
        except EngineError:
            return score_seconds(open_engine(embedder, side, "torch", "fp32", *given[1:]))

    def _measure(self, section: ModelSection, stage: TrainStage, jobs: int) -> _Step:
        sides = self._sides(section)
        precision: str = stage.precision
        if precision == "auto":
            model = build_model(_plain(section, sides[0]), self.classes).to(self.harness.device)
            precision = choose_precision(model, sides[0], BATCH, self.harness)
        seconds = []
        for side in sides:
            plain = TrainStage.model_validate(
                {"batch_size": BATCH, "precision": precision, "image_size": side}
            )
            rate = step_rate(_plain(section, side), plain, self.classes, self.harness, jobs, SECONDS, 1)
            seconds.append(1 / rate)
        if len(sides) == 1:
            return _Step(seconds[0] / sides[0] ** 2, 0.0)
        pixel = max(0.0, (seconds[1] - seconds[0]) / (sides[1] ** 2 - sides[0] ** 2))
        pixel = pixel or seconds[1] / sides[1] ** 2
        return _Step(pixel, BATCH * max(0.0, seconds[1] - pixel * sides[1] ** 2))


def natural(backbone: str) -> int:
    """The side in pixels of the photos that a backbone's weights were trained on."""
    import timm

    from thresher.models.aliases import real_name

    config = timm.get_pretrained_cfg(real_name(backbone))
    return int(config.input_size[-1]) if config is not None else 224


def _passes(stage: TrainStage) -> float:
    """Work of a step, relative to one of all layers with a plain optimizer."""
    passes = 2.0 if stage.optimizer["name"] == "sam" else 1.0
    passes *= SNAPMIX if "snapmix" in str(stage.mixing) else 1
    return passes * (0.4 if stage.layers == "head" else 1)


def _plain(section: ModelSection, side: int) -> ModelSection:
    """The backbone alone, with random weights: they are as fast as any."""
    return ModelSection(
        backbone=section.backbone,
        weights="none",
        image_size=side,
        score_batch=section.score_batch,
        stages=(TrainStage(),),
        engine=section.engine,
        precision=section.precision,
    )
