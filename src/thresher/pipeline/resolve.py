"""What a recipe leaves to the machine is measured once and written down: a continued run decides the same."""

from itertools import zip_longest
from pathlib import Path
from typing import Any

from thresher.errors import RecipeError
from thresher.inference.choice import choose_engine
from thresher.models.build import build_model
from thresher.pipeline.frozen import frozen_stages
from thresher.progress import Progress
from thresher.recipe.schema import ModelSection, Recipe, Stage, TrainStage
from thresher.training.harness import Harness
from thresher.training.memory import keep_memory
from thresher.training.precision import choose_precision

AUTO = "auto"


def resolve(
    recipe: Recipe, stored: Recipe | None, classes: int, harness: Harness, scratch: Path, progress: Progress
) -> Recipe:
    """Replaces every ``auto`` that is measured: engine and precision of scoring, precision of training.

    Args:
        recipe: as the user wrote it.
        stored: the resolved recipe that the run folder holds, if any; what it decided for the same network at
            the same size is taken over.
        classes: K.
        harness: device and threads.
        scratch: folder for exported graphs.
        progress: told what was chosen.

    Raises:
        RecipeError: a linear or a repair stage on features of a network without weights.
    """
    models = {}
    for name, section in recipe.models.items():
        kinds = [stage.kind for stage in frozen_stages(section)]
        if kinds and recipe.as_loaded(name).weights == "none":
            raise RecipeError(
                f"models.{name}: weights = none leaves the network random, and a {kinds[0]} stage would "
                f"learn from features of noise: take pretrained weights, or leave the {kinds[0]} stage out"
            )
        earlier = stored.models.get(name) if stored else None
        known = section if earlier is None else recall(section, earlier)
        models[name] = _measure(name, known, recipe.as_loaded(name), classes, harness, scratch, progress)
    return recipe.model_copy(update={"models": models})


def recall(wanted: ModelSection, earlier: ModelSection) -> ModelSection:
    """``wanted`` with those entries decided that an earlier section decided under the same conditions."""
    network = ("backbone", "image_size", "pooling", "tiles", "score_batch")
    same = all(getattr(wanted, key) == getattr(earlier, key) for key in network)
    if not same:
        return wanted
    changes: dict[str, Any] = {}
    pairs = [(getattr(wanted, key), getattr(earlier, key)) for key in ("engine", "precision")]
    if all(mine in (AUTO, theirs) for mine, theirs in pairs):
        changes |= {"engine": earlier.engine, "precision": earlier.precision}
    stages = [_recall_step(*pair) for pair in zip_longest(wanted.stages, earlier.stages)]
    return wanted.model_copy(update={**changes, "stages": tuple(stages[: len(wanted.stages)])})


def _recall_step(stage: Stage, earlier: Stage | None) -> Stage:
    """``stage`` with its precision, if that is open and was measured for steps of the same kind."""
    if not (isinstance(stage, TrainStage) and isinstance(earlier, TrainStage)) or stage.precision != AUTO:
        return stage
    same = all(getattr(stage, key) == getattr(earlier, key) for key in ("image_size", "batch_size", "layers"))
    return stage.model_copy(update={"precision": earlier.precision}) if same else stage


def _measure(
    name: str,
    section: ModelSection,
    loaded: ModelSection,
    classes: int,
    harness: Harness,
    scratch: Path,
    progress: Progress,
) -> ModelSection:
    """One model's section with its open entries filled in."""
    stages = list(section.stages)
    steps = [n for n, stage in enumerate(stages) if stage.kind == "train" and stage.precision == AUTO]
    scoring = AUTO in (section.engine, section.precision)
    if not scoring and not steps:
        return section
    model = build_model(loaded, classes, dropout=section.dropout, drop_path=section.drop_path)
    changes: dict[str, Any] = {}
    if scoring:
        engine, precision = choose_engine(
            model.embedder(),
            section.image_size,
            section.engine,
            section.precision,
            section.score_batch,
            harness.device,
            scratch,
        )
        progress.say(f"{name}: photos are scored by {engine} in {precision}")
        changes = {"engine": engine, "precision": precision}
    if steps:
        keep_memory()
    for number in steps:
        stage = stages[number]
        assert isinstance(stage, TrainStage)
        size = stage.image_size or section.image_size
        chosen = choose_precision(model.to(harness.device), size, stage.batch_size, harness)
        progress.say(f"{name}: stage {number + 1} trains in {chosen}")
        stages[number] = stage.model_copy(update={"precision": chosen})
    return section.model_copy(update={**changes, "stages": tuple(stages)})
