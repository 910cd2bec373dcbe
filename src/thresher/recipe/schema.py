"""What a recipe may say: typed, with defaults, every key documented once, here.

Parts (losses, optimizers, views ...) are written as a name, or as a mapping with ``name`` and the part's
settings; the part's own constructor says which settings there are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from thresher import registry
from thresher.errors import RecipeError

Engine = Literal["auto", "torch", "onnxruntime", "openvino"]
Precision = Literal["auto", "fp32", "bf16"]


class Section(BaseModel):
    """A group of keys; unknown keys are errors and values do not change after loading."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        protected_namespaces=(),
        validate_default=True,
    )


@dataclass(frozen=True)
class PartOf:
    """Marks the type of a field that names a part of a family."""

    family: str


def part(family: str) -> Any:
    """The type of a field that names a part of a family: validated and completed by the part's signature."""

    def complete(value: Any) -> dict[str, Any]:
        spec = {"name": value} if isinstance(value, str) else value
        if not isinstance(spec, dict) or not isinstance(spec.get("name"), str):
            raise ValueError(
                f"write the name of one of the {family} parts, or a mapping with 'name' and its settings"
            )
        settings = {key: setting for key, setting in spec.items() if key != "name"}
        try:
            return {"name": spec["name"], **registry.family(family).check(spec["name"], settings)}
        except RecipeError as error:
            raise ValueError(str(error)) from None

    return Annotated[dict[str, Any], BeforeValidator(complete), PartOf(family)]


def build(family: str, spec: dict[str, Any], *given: Any) -> Any:
    """Constructs the part that a validated ``spec`` describes; ``given`` is what the program hands over."""
    settings = {key: value for key, value in spec.items() if key != "name"}
    return registry.family(family).build(spec["name"], settings, *given)


class DataSection(Section):
    """Where the table keeps what, and what is allowed."""

    image_id: str = "image_id"
    """Column with the photo's file name, relative to the image folder (a missing extension is looked up)."""
    label: str = "label"
    """Column with the class name; may be empty for some rows."""
    group: str | None = None
    """Column whose equal values never stand in two folds (person, tree, camera)."""
    source: str | None = None
    """Column that says where a photo comes from; carried along and reported."""
    split: str | None = None
    """Column with train, valid or test. Rows marked valid make one hold-out fold instead of k folds."""
    weight: str | None = None
    """Column with a weight per photo, > 0, used by every loss."""
    classes: tuple[str, ...] | None = None
    """All class names in score order; default: those in the table, sorted. Other labels are then errors."""
    allow_outside: bool = False
    """Accept absolute and '..' paths that lead out of the image folder."""
    limit: int | None = Field(default=None, ge=2)
    """Use at most so many labelled photos (stratified, seeded) and as many unlabelled and test photos."""
    sample_submission: str | None = None
    """A file whose columns and order submission.csv takes; default: sample_submission.csv beside the data."""


class ImagesSection(Section):
    """Reading photos."""

    cache_gb: float = Field(default=8.0, ge=0)
    """Upper bound of all decoded photos kept on disk; photos beyond it are decoded when needed."""
    cache_dir: str | None = None
    """Folder of the cache; default: $THRESHER_CACHE, else ~/.cache/thresher."""
    max_megapixels: float = Field(default=200.0, gt=0)
    """A photo larger than this is refused before it is decoded."""
    fit: Literal["squish", "crop"] = "squish"
    """How a photo becomes square in fixed views: the whole photo squeezed, or its centre cut out."""


class LinearStage(Section):
    """The head on frozen features: multinomial logistic regression, its strength chosen inside the fold."""

    kind: Literal["linear"] = "linear"
    views: tuple[part("views"), ...] = ("plain", "hflip")  # type: ignore[valid-type]
    """Fixed views whose features are training rows; computed once for all folds."""
    penalties: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
    """L2 penalties per mean loss that the fold chooses from, by log-loss on inner folds."""
    inner_folds: int = Field(default=3, ge=2)
    """Inner folds of that choice."""


class TrainStage(Section):
    """Gradient training of a part of the network, from where the stage before it ended."""

    kind: Literal["train"] = "train"
    layers: Literal["all", "head"] = "all"
    """Which layers learn."""
    epochs: int = Field(default=5, ge=1)
    """Times that every training photo is seen."""
    batch_size: int = Field(default=32, ge=1)
    """Photos per batch; the batches of an epoch differ by one photo at most."""
    image_size: int | None = Field(default=None, ge=16)
    """Side in pixels while training; default: the model's."""
    augment: part("augment") = "light"  # type: ignore[valid-type]
    """Policy of random views."""
    loss: part("losses") = "cross_entropy"  # type: ignore[valid-type]
    """What is made small."""
    optimizer: part("optim") = "adamw"  # type: ignore[valid-type]
    """How the weights move; its lr is the head's."""
    body_lr: float = Field(default=0.1, ge=0)
    """Learning rate of the body as a share of the head's."""
    schedule: part("schedules") = "cosine"  # type: ignore[valid-type]
    """How the learning rates change over the stage."""
    averaging: part("averaging") = "none"  # type: ignore[valid-type]
    """Which average of the weights along the way is kept."""
    batch_norm: Literal["train", "frozen"] = "train"
    """Whether batch norms learn and follow the batch, or keep their statistics and affine weights."""
    precision: Precision = "auto"
    """auto: measured on this machine before the first step, then written into the resolved recipe."""
    accumulate: int = Field(default=1, ge=1)
    """Batches per optimizer step."""
    clip: float | None = Field(default=None, gt=0)
    """Largest norm of the gradient."""


Stage = Annotated[LinearStage | TrainStage, Field(discriminator="kind")]


class ModelSection(Section):
    """One model: a backbone, its weights, how it is trained and how it looks at a photo."""

    backbone: str = "tf_efficientnet_lite0"
    """A timm name."""
    weights: str = "auto"
    """auto (bundled, else the hub), bundled, hub, none, or the path of a file or folder."""
    image_size: int = Field(default=224, ge=16)
    """Side in pixels of the fixed views."""
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    """One job per fold and seed."""
    stages: tuple[Stage, ...] = Field(default=(LinearStage(),), min_length=1)
    """How it is fitted, one after the other; a linear stage can only come first."""
    views: tuple[part("views"), ...] = Field(default=("plain", "hflip"), min_length=1)  # type: ignore[valid-type]
    """Views at test time; their probabilities are averaged."""
    engine: Engine = "auto"
    """What runs finished weights. auto: the fastest here, measured, then written into the resolved recipe."""
    precision: Precision = "auto"
    """In which finished weights are run; auto as above."""
    score_batch: int = Field(default=32, ge=1)
    """Photos per batch when finished weights are run."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Dropout before the head, in gradient stages."""
    drop_path: float = Field(default=0.0, ge=0, lt=1)
    """Stochastic depth, in gradient stages."""

    @model_validator(mode="after")
    def _stages_make_sense(self) -> "ModelSection":
        if any(stage.kind == "linear" for stage in self.stages[1:]):
            raise ValueError(
                "a linear stage is fitted on the backbone as it was loaded: it can only come first"
            )
        if all(stage.kind == "linear" for stage in self.stages):
            for key in ("dropout", "drop_path"):
                if getattr(self, key):
                    raise ValueError(f"{key} has no effect without a train stage")
        return self


class TrainingSection(Section):
    """How training runs on this machine."""

    jobs: int | None = Field(default=None, ge=1)
    """Training jobs at a time, which share the cores; default: one per core of a CPU, one on a GPU. Written
    into the resolved recipe, because another number of threads rounds differently."""
    checkpoint_minutes: float = Field(default=2.0, ge=0)
    """Minutes between two saved states in mid-epoch; 0 saves after every step."""
    workers: int | None = Field(default=None, ge=0)
    """Processes that make batches; 0: one thread. Default: 0 on a CPU, half of the cores (<= 8) on a GPU."""


class MetricsSection(Section):
    """How sure a score is."""

    resamples: int = Field(default=2000, ge=100)
    """Bootstrap draws behind every 95 % interval."""


class Recipe(Section):
    """A whole run."""

    name: str = "custom"
    """What the run is called; default: the recipe file's name."""
    description: str = ""
    """One line for `thresher recipes`."""
    seed: int = Field(default=0, ge=0)
    """Fixes folds, heads, order and augmentation."""
    data: DataSection = DataSection()
    """Where the table keeps what."""
    images: ImagesSection = ImagesSection()
    """Reading photos."""
    folds: part("folds") = "stratified"  # type: ignore[valid-type]
    """How photos are dealt to folds; groups and exact copies always stay together."""
    models: dict[str, ModelSection] = Field(min_length=1)
    """Models by a name of your choice (letters, digits, dot, dash, underscore)."""
    ensemble: part("ensemble") = "mean"  # type: ignore[valid-type]
    """How the models' scores become one."""
    training: TrainingSection = TrainingSection()
    """How training runs on this machine."""
    metrics: MetricsSection = MetricsSection()
    """How sure a score is."""

    @model_validator(mode="after")
    def _names_are_folders(self) -> "Recipe":
        for name in self.models:
            if not name or name.startswith(".") or not all(c.isalnum() or c in "._-" for c in name):
                raise ValueError(f"model name {name!r}: use letters, digits, dot, dash and underscore")
        return self

    @classmethod
    def load(
        cls, name_or_file: str = "quick", overrides: Iterable[str] = (), smoke: bool = False
    ) -> "Recipe":
        """A recipe by name or file, with ``key=value`` overrides; see `thresher.recipe.loader.load`."""
        from thresher.recipe.loader import load

        return load(name_or_file, overrides, smoke)
