"""What can be bought: steps with the gain that they are believed to bring."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from thresher.pipeline.budget.cost import Photos
from thresher.pipeline.budget.sections import LITE0, LITE1, LITE2, MOBILE, Frozen, Tuned
from thresher.pipeline.fitting.weights import installed

SMALL = 80
"""Photos whose shorter side is below so many pixels hold little that a large view could show."""
EPOCHS = (1, 2, 3, 4, 6, 8, 10, 12, 16)
NOISY, MANY = 0.2, 1000
"""Share of labels that look wrong from which on, of so many photos at least, it is worth while to judge them:
at 9 and 17 % nothing was gained, at 40 % nearly two points; 150 photos were too few to judge by."""


@dataclass(frozen=True)
class Step:
    """One purchase.

    Attributes:
        name: of the model, and of the step.
        model: what is bought.
        kind: steps of one kind are alternatives: only one of them is in a plan.
        gain: share of the remaining wrong answers that it is believed to put right.
        replaces: the model whose place it takes, if any.
        forecast: seconds; filled in by who knows the machine.
    """

    name: str
    model: Frozen | Tuned
    kind: str
    gain: float
    replaces: str = ""
    forecast: float = 0.0


@dataclass(frozen=True)
class Known:
    """What earlier steps found.

    Attributes:
        tried: names of all models that were tried.
        noisy: share of labels that look wrong.
        sizes: of the first model's views.
    """

    tried: frozenset[str]
    noisy: float
    sizes: tuple[int, ...]


def first_steps(photos: Photos) -> list[Step]:
    """What the first step can be, the best first: something finished must be there early."""
    ladder: list[tuple[tuple[int, ...], bool]]
    if photos.side < SMALL:
        ladder = [((128,), True), ((96,), True), ((96,), False), ((64,), False)]
    else:
        ladder = [((224, 288), True), ((224,), True), ((160,), True), ((128,), True), ((96,), False)]
    return [
        Step("lite0", Frozen(LITE0, sizes, mirror), "first", 1.0 - 0.01 * place)
        for place, (sizes, mirror) in enumerate(ladder)
    ]


def next_steps(photos: Photos, known: Known) -> Iterator[Step]:
    """All that can be bought after the first step, and was not tried before."""
    for step in (*_frozen(photos, known), *_tuned(photos, known)):
        if step.name not in known.tried:
            yield step


def _frozen(photos: Photos, known: Known) -> Iterator[Step]:
    """More frozen features, and a judge of labels."""
    small = photos.side < SMALL
    if small:
        yield Step("lite0_224", Frozen(LITE0, (224,)), "larger", 0.07)
    for backbone, name, gain in ((LITE1, "lite1", 0.03), (LITE2, "lite2", 0.02), (MOBILE, "mobile", 0.01)):
        if backbone in installed():
            yield Step(name, Frozen(backbone, (160 if small else 224,)), name, gain)
    if known.noisy > NOISY and photos.labelled >= MANY:
        judged = Frozen(LITE0, known.sizes, denoise=True)
        yield Step("lite0_denoised", judged, "denoise", 0.05, replaces="lite0")


def _tuned(photos: Photos, known: Known) -> Iterator[Step]:
    """Fine-tuning: the first one gains most, further ones are averaged with it."""
    done = [name for name in known.tried if "tuned" in name]
    small = photos.side < SMALL
    sizes = ((64, 96), (96, 128), (128, 160)) if small else ((128, 176), (160, 224))
    for backbone in (LITE0, LITE1) if LITE1 in installed() and done else (LITE0,):
        short = backbone.removeprefix("tf_efficientnet_")
        seed = sum(one.startswith(f"{short}_tuned") for one in done)
        name = f"{short}_tuned" + (f"_{seed + 1}" if seed else "")
        base = known.sizes[0] if backbone == LITE0 else 160 if small else 224
        # Another network differs more from what is averaged already than another seed does.
        later = 0.35 if seed else 0.5
        for size, scored in sizes:
            for layers in (5, 8, "all"):
                for epochs in EPOCHS:
                    model = Tuned(backbone, base, size, scored, layers, epochs, seed)
                    gain = tuning_gain(photos, size, layers, epochs) * (later if done else 1.0)
                    yield Step(name, model, "tuned", gain)


def tuning_gain(photos: Photos, size: int, layers: str | int, epochs: int) -> float:
    """Share of wrong answers that fine-tuning puts right, as a belief that a few measurements have shaped.

    Paintings (art7): the mean of `quick` and EfficientNet-Lite0 tuned at 160 pixels in 245 steps puts
    right a third of the wrong answers. Photos of 32 pixels (cifar10n): 125 steps, of all layers at 96 pixels
    or of the last eight blocks at 128, put right a sixth of what the frozen network at 128 got wrong.
    """
    share = (photos.folds - 1) / photos.folds if photos.folds > 1 else 1.0
    steps = epochs * photos.labelled * share / 32
    small = photos.side < SMALL
    top, enough = (0.5, 250) if small else (0.4, 150)
    part = {5: 0.75, 8: 0.9}.get(layers, 1.0) if isinstance(layers, int) else 1.0
    sharp = min(1.0, size / (128 if small else 160)) ** (0.6 if small else 4.0)
    return float(top * part * sharp * (1 - math.exp(-steps / enough)))


def best_plan(steps: list[Step], left: float, each: float) -> list[Step]:
    """The affordable set of steps, one of a kind, that is believed to put most wrong answers right.

    Args:
        steps: with forecasts.
        left: seconds that can be spent.
        each: seconds that every step costs besides.

    Returns:
        the steps, the one with most gain per second first; empty where nothing fits.
    """
    kinds: dict[str, list[Step]] = {}
    for step in steps:
        if step.forecast + each <= left:
            kinds.setdefault(step.kind, []).append(step)
    plans: list[tuple[float, float, list[Step]]] = [(0.0, 0.0, [])]
    for options in kinds.values():
        better = _frontier(options)
        plans = _thinned(
            [
                *plans,
                *(
                    (rest - math.log(1 - one.gain), seconds + one.forecast + each, [*plan, one])
                    for rest, seconds, plan in plans
                    for one in better
                    if seconds + one.forecast + each <= left
                ),
            ]
        )
    best = max(plans, key=lambda plan: plan[0])[2]
    return sorted(best, key=lambda one: -one.gain / (one.forecast + each))


def _frontier(options: list[Step]) -> list[Step]:
    """Those that no cheaper one beats."""
    found: list[Step] = []
    for one in sorted(options, key=lambda step: (step.forecast, -step.gain)):
        if not found or one.gain > found[-1].gain + 1e-9:
            found.append(one)
    return found


def _thinned(plans: list[tuple[float, float, list[Step]]]) -> list[tuple[float, float, list[Step]]]:
    """Plans that no cheaper one beats."""
    found: list[tuple[float, float, list[Step]]] = []
    for plan in sorted(plans, key=lambda one: (one[1], -one[0])):
        if not found or plan[0] > found[-1][0] + 1e-12:
            found.append(plan)
    return found
