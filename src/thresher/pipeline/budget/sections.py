"""The models that a budget can buy, as sections of a recipe."""

from dataclasses import dataclass
from typing import Any

from thresher.recipe.schema import ModelSection

PENALTIES = (0.0003, 0.001, 0.003, 0.01, 0.03)
INNER, JUDGES = 3, 5
"""Inner folds that choose a penalty, and those that judge labels."""
LITE0, LITE1, LITE2, MOBILE = (
    "tf_efficientnet_lite0",
    "tf_efficientnet_lite1",
    "tf_efficientnet_lite2",
    "mobilenetv2_100",
)
View = str | dict[str, Any]


def views(size: int, shown: tuple[int, ...]) -> list[View]:
    """The photo and its mirror image at each of some sizes in pixels, for a model of image size ``size``."""
    found: list[View] = []
    for one in shown:
        for name in ("plain", "hflip"):
            found.append(name if one == size else {"name": name, "scale": round(one / size, 4)})
    return found


@dataclass(frozen=True)
class Settled:
    """What earlier measurements on this machine say: how photos are scored, in which precision nets train."""

    engine: str = "auto"
    precision: str = "auto"
    training: str = "auto"


@dataclass(frozen=True)
class Frozen:
    """A head on features of a frozen backbone.

    Attributes:
        backbone: timm's name.
        sizes: of the views in pixels; the first is the model's.
        mirror: whether photos are mirrored too.
        denoise: whether labels are judged inside each fold, and doubtful ones count less.
    """

    backbone: str
    sizes: tuple[int, ...]
    mirror: bool = True
    denoise: bool = False

    @property
    def features(self) -> frozenset[str]:
        """Names of the features that it needs: ``backbone@size@plain``."""
        shown = ("plain", "hflip") if self.mirror else ("plain",)
        return frozenset(f"{self.backbone}@{size}@{one}" for size in self.sizes for one in shown)

    @property
    def fits(self) -> int:
        """Fits of a head in each fold, on all training photos."""
        inner, outer = len(PENALTIES) * (INNER - 1), len(self.features)
        return inner + outer + (len(PENALTIES) * (JUDGES - 1) + JUDGES - 1 if self.denoise else 0)

    def section(self, settled: Settled) -> ModelSection:
        """As a recipe has it."""
        shown = views(self.sizes[0], self.sizes)[:: 1 if self.mirror else 2]
        strong = tuple(round(10 * one / 3, 6) for one in PENALTIES)
        penalties = strong if self.denoise else PENALTIES
        stages: list[dict[str, Any]] = []
        if self.denoise:
            action = {"name": "weigh", "above": 0.5}
            given = {"views": shown, "penalties": strong, "inner_folds": JUDGES}
            stages.append({"kind": "repair", **given, "find": "combined", "action": action})
        stages.append({"kind": "linear", "views": shown, "penalties": penalties, "inner_folds": INNER})
        return _made(
            backbone=self.backbone,
            image_size=self.sizes[0],
            stages=stages,
            views=shown,
            engine=settled.engine,
            precision=settled.precision,
        )


@dataclass(frozen=True)
class Tuned:
    """A backbone fine-tuned from its linear solution, as the recipe `standard` does it.

    Attributes:
        backbone: timm's name.
        base: image size of the linear solution, whose features may be there already.
        size: of photos while training.
        scored: of photos when they are scored; larger, for random crops enlarge what they show (Touvron et
            al. 2019, arXiv:1906.06423).
        layers: that learn.
        epochs: over the training photos.
        seed: of the jobs.
    """

    backbone: str
    base: int
    size: int
    scored: int
    layers: str | int
    epochs: int
    seed: int = 0

    @property
    def features(self) -> frozenset[str]:
        """See `Frozen.features`."""
        return Frozen(self.backbone, (self.base,)).features

    @property
    def fits(self) -> int:
        """See `Frozen.fits`."""
        return Frozen(self.backbone, (self.base,)).fits

    def section(self, settled: Settled) -> ModelSection:
        """As a recipe has it."""
        linear = {"kind": "linear", "views": ["plain", "hflip"], "penalties": PENALTIES, "inner_folds": INNER}
        train = {
            "kind": "train",
            "layers": self.layers,
            "image_size": self.size,
            "epochs": self.epochs,
            "batch_size": 32,
            "augment": {"name": "light", "scale": 0.4, "brightness": 0.3, "grey": 0.15},
            "loss": {"name": "cross_entropy", "smoothing": 0.02},
            "optimizer": {"name": "adamw", "lr": 0.0003, "weight_decay": 0.05},
            "body_lr": 1.0,
            "schedule": {"name": "cosine", "warmup": 0.1},
            "averaging": {"name": "ema", "decay": 0.99},
            "batch_norm": "frozen",
            "precision": settled.training,
        }
        return _made(
            backbone=self.backbone,
            image_size=self.base,
            stages=[linear, train],
            views=views(self.base, (self.scored,)),
            seeds=(self.seed,),
            engine=settled.engine,
            precision=settled.precision,
        )


def _made(**keys: Any) -> ModelSection:
    return ModelSection.model_validate(keys)
