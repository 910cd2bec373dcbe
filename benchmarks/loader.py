"""Does the loader keep the model fed? The same training step, fed by the loader and from memory, in turns."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from common import Table, main, make_jpegs, real_photos

if TYPE_CHECKING:
    import numpy as np

    from thresher.recipe.schema import ModelSection, TrainStage
    from thresher.training.harness import Harness

SIZE, BATCH = 160, 32
GOAL = 0.95


def measure(quick: bool) -> Table:
    """Photos per second of EfficientNet-Lite0 at 160 pixels, fp32, batches of 32."""
    import numpy as np

    from thresher.images.cache import PhotoCache
    from thresher.recipe.schema import ImagesSection, ModelSection, TrainStage
    from thresher.training.harness import Harness
    from thresher.training.loader import AHEAD, Loader
    from thresher.training.memory import keep_memory
    from thresher.training.photos import TrainPhotos

    keep_memory()
    blocks, steps = (2, 2) if quick else (4, 4)
    harness = Harness()
    step = training_step(harness, ModelSection(image_size=SIZE), TrainStage(precision="fp32"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        paths = [str(path) for path in real_photos()][:1024]
        if paths:
            what = f"{len(paths)} photos of art7"
        else:
            paths, what = make_jpegs(folder, 64 if quick else 512, (256, 192))
        side = round(SIZE * 8 / 7)
        cache = PhotoCache.open(paths, side, ImagesSection(cache_dir=str(folder / "cache")))
        photos = TrainPhotos(cache, build_spec("augment", "light"), SIZE, seed=0)
        rng = np.random.default_rng(0)
        batches = [rng.integers(0, len(paths), BATCH) for _ in range(steps + 1 + AHEAD + 1)]
        ready = [photos.batch(0, rows) for rows in batches[:4]]
        for pixels in ready[:2]:
            step(pixels)  # warm-up

        fed: list[float] = []
        memory: list[float] = []
        for block in range(blocks):
            # The first batch of a block is made while nothing else runs: it is not timed. The batches after
            # the last timed step keep the thread as busy as it is in mid-epoch.
            with Loader(photos, 0) as loader:
                source = loader(block, batches)
                step(next(source))
                for _ in range(steps):
                    start = time.perf_counter()
                    step(next(source))
                    fed.append(time.perf_counter() - start)
                source.close()
            for number in range(steps):
                start = time.perf_counter()
                step(ready[number % len(ready)])
                memory.append(time.perf_counter() - start)
    table = Table(
        "Loader",
        ("what", "photos/s", "share"),
        notes=[
            f"{what}; cache, light augmentation, one thread; {len(fed)} steps each, in turns. "
            f"Goal: at least {GOAL:.0%}."
        ],
    )
    rates = [BATCH * len(times) / sum(times) for times in (memory, fed)]
    table.rows.append(("step on batches in memory", f"{rates[0]:.1f}", "100 %"))
    table.rows.append(
        ("the same step fed by the loader", f"{rates[1]:.1f}", f"{100 * rates[1] / rates[0]:.1f} %")
    )
    return table


def build_spec(family: str, name: str) -> dict:
    """A part's settings with its defaults, as a recipe holds them."""
    from thresher import registry

    return {"name": name, **registry.family(family).check(name, {})}


def training_step(
    harness: "Harness", section: "ModelSection", stage: "TrainStage"
) -> Callable[["np.ndarray"], float]:
    """One step as the loop makes it: forward, backward, optimizer, average."""
    import numpy as np

    from thresher.models.build import build_model
    from thresher.optim.groups import parameter_groups
    from thresher.recipe.schema import build
    from thresher.training.task import Batch, Supervised

    model = build_model(section, 7).to(harness.device).train()
    groups = parameter_groups(
        model.head, model.backbone, stage.optimizer["lr"], stage.body_lr, stage.optimizer["weight_decay"]
    )
    optimizer = build("optim", stage.optimizer, groups)
    average = build("averaging", build_spec("averaging", "ema"), model)
    task = Supervised(build("losses", stage.loss).to(harness.device))

    def step(pixels: "np.ndarray") -> float:
        targets = np.arange(len(pixels), dtype=np.int64) % 7
        with harness.autocast(stage.precision):
            loss = task(model, Batch(harness.put(pixels), harness.put(targets)))["loss"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        average.after_step()
        return float(loss.detach())

    return step


if __name__ == "__main__":
    main(measure)
