"""What a recipe leaves to the machine is measured once and written down, so that a continued run decides the same."""

from pathlib import Path
from typing import Any

from thresher.inference.choice import choose_engine
from thresher.models.build import build_model
from thresher.progress import Progress
from thresher.recipe.schema import ModelSection, Recipe
from thresher.training.harness import Harness
from thresher.training.memory import keep_memory
from thresher.training.precision import choose_precision


def resolve(
    recipe: Recipe, stored: Recipe | None, classes: int, harness: Harness, scratch: Path, progress: Progress
) -> Recipe:
    """Replaces every ``auto`` that is measured: engine and precision of scoring, precision of training.

    Args:
        recipe: as the user wrote it.
        stored: the resolved recipe that the run folder holds, if any; its decisions for equal models are taken over.
        classes: K.
        harness: device and threads.
        scratch: folder for exported graphs.
        progress: told what was chosen.
    """
    models = {}
    for name, section in recipe.models.items():
        earlier = stored.models.get(name) if stored else None
        if earlier is not None and same_but_measured(section, earlier):
            models[name] = earlier
        else:
            models[name] = _measure(name, section, classes, harness, scratch, progress)
    return recipe.model_copy(update={"models": models})


def same_but_measured(wanted: ModelSection, resolved: ModelSection) -> bool:
    """Whether ``resolved`` is ``wanted`` with its ``auto`` entries decided."""

    def agree(a: Any, b: Any) -> bool:
        if isinstance(a, dict) and isinstance(b, dict):
            return a.keys() == b.keys() and all(
                agree(a[key], b[key]) or (key in ("engine", "precision") and a[key] == "auto") for key in a
            )
        if isinstance(a, list | tuple) and isinstance(b, list | tuple):
            return len(a) == len(b) and all(agree(x, y) for x, y in zip(a, b, strict=True))
        return bool(a == b)

    return agree(wanted.model_dump(), resolved.model_dump())


def _measure(
    name: str, section: ModelSection, classes: int, harness: Harness, scratch: Path, progress: Progress
) -> ModelSection:
    """One model's section with its measured entries filled in."""
    keep_memory()
    trains = [stage for stage in section.stages if stage.kind == "train"]
    undecided = "auto" in (section.engine, section.precision) or any(
        stage.precision == "auto" for stage in trains
    )
    if not undecided:
        return section
    model = build_model(
        section,
        classes,
        dropout=section.dropout if trains else 0,
        drop_path=section.drop_path if trains else 0,
    )
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
    stages: list[Any] = []
    for number, stage in enumerate(section.stages):
        if stage.kind == "train" and stage.precision == "auto":
            size = stage.image_size or section.image_size
            chosen = choose_precision(model.to(harness.device), size, stage.batch_size, harness)
            progress.say(f"{name}: stage {number + 1} trains in {chosen}")
            stage = stage.model_copy(update={"precision": chosen})
        stages.append(stage)
    return section.model_copy(update={"engine": engine, "precision": precision, "stages": tuple(stages)})
