"""What a recipe may say: typed, with defaults, every key documented once, here.

Parts (losses, optimizers, views ...) are written as a name, or as a mapping with ``name`` and the part's
settings; the part's own constructor says which settings there are.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from thresher.recipe.part import part
from thresher.recipe.repairs import (
    check_order,
    check_repair,
    check_sources,
    finder_by_default,
    refuse_unpooled,
    softens,
)
from thresher.recipe.together import check_loss, check_stage, check_start, check_views, made, refuse_linear

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


class DataSection(Section):
    """Where the table keeps what, and what is allowed."""

    image_id: str = "image_id"
    """Column with the photo's file name, relative to the image folder (a missing extension is looked up)."""
    label: str = "label"
    """Column with the class name; may be empty for some rows."""
    group: str | None = None
    """Column whose equal values never stand in two folds (person, tree, camera)."""
    source: str | None = None
    """Column that says where a photo comes from; carried along and reported. Written null, it takes back what
    an inherited recipe says of sources: all photos count as one."""
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

    @model_validator(mode="after")
    def _views_can_be_made(self) -> "LinearStage":
        check_views(self.views, linear=True)
        return self


class SelectSection(Section):
    """Which epoch of a stage is kept, and when the stage stops."""

    metric: Literal["accuracy", "balanced_accuracy", "macro_f1", "log_loss"] = "log_loss"
    """What epochs are compared by, in one plain view."""
    on: Literal["inner", "fold"] = "inner"
    """inner: a share of the training photos that the model does not learn from. fold: the held-out fold
    itself; nothing is kept from training, but the score of that fold is a little too good, and the report
    says so."""
    share: float = Field(default=0.1, gt=0, lt=1)
    """Size of the inner share."""
    keep: Literal["best", "last"] = "best"
    """The weights of the best epoch, or the last ones."""
    patience: int | None = Field(default=None, ge=1)
    """Epochs without a better one after which the stage stops; default: never."""

    @model_validator(mode="after")
    def _has_effect(self) -> "SelectSection":
        if self.on == "fold" and "share" in self.model_fields_set and self.share != 0.1:
            raise ValueError("share has no effect with on: fold")
        return self


class TrainStage(Section):
    """Gradient training of a part of the network, from where the stage before it ended."""

    kind: Literal["train"] = "train"
    layers: Literal["all", "head"] | Annotated[int, Field(ge=1)] = "all"
    """Which layers learn: all, the head alone, or the head and so many last blocks of the backbone."""
    new_head: bool = False
    """Begin with a fresh head."""
    epochs: int = Field(default=5, ge=1)
    """Times that every training photo is seen."""
    batch_size: int = Field(default=32, ge=1)
    """Photos per batch; the batches of an epoch differ by one photo at most."""
    image_size: int | None = Field(default=None, ge=16)
    """Side in pixels while training; default: the model's."""
    sampling: part("sampling") = "all"  # type: ignore[valid-type]
    """Which training photos an epoch sees, and how often."""
    augment: part("augment") = "light"  # type: ignore[valid-type]
    """Policy of random views."""
    mixing: part("mixing") = "none"  # type: ignore[valid-type]
    """How photos of a batch are mixed."""
    loss: part("losses") = "cross_entropy"  # type: ignore[valid-type]
    """What is made small."""
    class_weight: Literal["none", "inverse", "effective"] = "none"
    """Weight of a class in the loss: by the inverse of its number of photos, or of their effective number."""
    class_weight_beta: float = Field(default=0.999, ge=0, lt=1)
    """beta of the effective number (1 - beta^n) / (1 - beta)."""
    optimizer: part("optim") = "adamw"  # type: ignore[valid-type]
    """How the weights move; its lr is the head's."""
    body_lr: float = Field(default=0.1, ge=0)
    """Learning rate of the body as a share of the head's."""
    layer_decay: float = Field(default=1.0, gt=0, le=1)
    """Each group of layers learns at this share of the rate of the group above it."""
    schedule: part("schedules") = "cosine"  # type: ignore[valid-type]
    """How the learning rates change over the stage."""
    averaging: part("averaging") = "none"  # type: ignore[valid-type]
    """Which average of the weights along the way is kept."""
    select: SelectSection | None = None
    """Which epoch is kept, and when to stop; default: all epochs, the last weights."""
    batch_norm: Literal["train", "frozen", "statistics"] = "train"
    """Whether batch norms learn and follow the batch, keep their statistics and affine weights (frozen), or
    keep the statistics alone."""
    precision: Precision = "auto"
    """auto: measured on this machine before the first step, then written into the resolved recipe."""
    accumulate: int = Field(default=1, ge=1)
    """Batches per optimizer step; batch norms that learn still see one batch at a time."""
    clip: float | None = Field(default=None, gt=0)
    """Largest norm of the gradient."""

    @model_validator(mode="after")
    def _parts_go_together(self) -> "TrainStage":
        if self.layers == "head" and self.layer_decay != 1:
            raise ValueError("layer_decay has no effect where the head alone learns")
        if self.class_weight != "effective" and self.class_weight_beta != 0.999:
            raise ValueError("class_weight_beta has no effect without class_weight: effective")
        return self


class RepairStage(Section):
    """Doubtful labels of the training photos are judged inside the fold; later stages learn repaired ones."""

    kind: Literal["repair"] = "repair"
    scores: str | None = None
    """Another model of this recipe whose out-of-fold scores judge the labels. They come from models that saw
    the labels of the held-out fold: the score is a little too good, and the report says so. Default: linear
    heads on inner folds of the training photos, which see no more than the stages after them."""
    views: tuple[part("views"), ...] = ("plain", "hflip")  # type: ignore[valid-type]
    """Fixed views whose features those heads, and finders that look at neighbours, are given."""
    penalties: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
    """L2 penalties that those heads choose from, as in a linear stage."""
    inner_folds: int = Field(default=5, ge=2)
    """Inner folds: every photo is scored by a head that was fitted on the others."""
    rounds: int = Field(default=1, ge=1)
    """Times that the heads are fitted, from the second one on repaired labels; the given ones are judged."""
    find: part("labels") | None = None  # type: ignore[valid-type]
    """What judges the labels; default: combined, and none for an action that needs none."""
    action: part("repair") = "soften"  # type: ignore[valid-type]
    """What is done about doubtful ones."""

    @model_validator(mode="before")
    @classmethod
    def _finder(cls, value: Any) -> Any:
        return finder_by_default(value)

    @model_validator(mode="after")
    def _has_effect(self) -> "RepairStage":
        check_repair(self)
        return self


Stage = Annotated[LinearStage | TrainStage | RepairStage, Field(discriminator="kind")]


class ModelSection(Section):
    """One model: a backbone, its weights, how it is trained and how it looks at a photo."""

    backbone: str = "tf_efficientnet_lite0"
    """A timm name."""
    weights: str = "auto"
    """auto (bundled, else the hub), bundled, hub, none, or the path of a file or folder."""
    starts_from: str | None = None
    """Another model of this recipe: each job starts from its weights of the same fold and seed."""
    image_size: int = Field(default=224, ge=16)
    """Side in pixels of the fixed views."""
    pooling: part("pooling") = "avg"  # type: ignore[valid-type]
    """How a feature map becomes one vector."""
    tiles: part("tiles") | None = None  # type: ignore[valid-type]
    """Cut the photo into tiles that the backbone sees one by one, and how their features become one."""
    head: part("heads") = "linear"  # type: ignore[valid-type]
    """What makes logits of features."""
    power: bool = True
    """Take the square root of pooled features, which evens them out."""
    normalise: Literal["model", "dataset"] = "model"
    """Mean and deviation of the input: those of the backbone's training, or those of the training photos."""
    unknown: bool = False
    """One more output for what is none of the classes; its share is taken out of the scores."""
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    """One job per fold and seed."""
    stages: tuple[Stage, ...] = (LinearStage(),)
    """How it is fitted, one after the other; before a linear stage, which comes first, labels may be
    repaired. None ([]) with starts_from: the other model itself, in views of its own."""
    final: Literal["folds", "all", "both"] = "folds"
    """What scores test photos: the models of the folds, one more that learns from all photos, or both."""
    views: tuple[part("views"), ...] = Field(default=("plain", "hflip"), min_length=1)  # type: ignore[valid-type]
    """Views at test time."""
    combine: Literal["probability", "logit", "log", "vote"] = "probability"
    """What of the views is averaged: probabilities, logits, log-probabilities or votes."""
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
        if not self.stages and self.starts_from is None:
            raise ValueError("stages: a model without any must say starts_from")
        check_order(self.stages)
        kinds = {stage.kind for stage in self.stages}
        if "train" not in kinds:
            for key in ("dropout", "drop_path"):
                if getattr(self, key):
                    raise ValueError(f"{key} has no effect without a train stage")
        check_views(self.views)
        if "linear" in kinds:
            refuse_linear(self)
        refuse_unpooled(self)
        soft = False
        for stage in self.stages:
            soft |= softens(stage)
            if stage.kind == "train":
                last = stage is self.stages[-1]
                check_loss(stage, self.head["name"], last, soft)
                check_stage(stage, last)
                if self.final != "folds" and stage.select is not None and stage.select.on == "fold":
                    raise ValueError("final: no fold judges a model of all photos; choose epochs on: inner")
        return self


class TrainingSection(Section):
    """How training runs on this machine."""

    jobs: int | None = Field(default=None, ge=1)
    """Training jobs at a time, which share the cores; default: one per core of a CPU, one on a GPU. Written
    into the resolved recipe, because another number of threads rounds differently."""
    checkpoint_minutes: float = Field(default=2.0, ge=0)
    """Minutes between two saved states in mid-epoch; 0 saves after every step."""
    watch: bool = True
    """Look at the held-out fold after every epoch, for the learning curve; a forward pass a photo."""
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
    source: str = ""
    """Whose system it is, in one line; not inherited, nor are name, description and claim."""
    claim: str = ""
    """What its authors say that it reached, in one line."""
    seed: int = Field(default=0, ge=0)
    """Fixes folds, heads, order and augmentation."""
    data: DataSection = DataSection()
    """Where the table keeps what."""
    images: ImagesSection = ImagesSection()
    """Reading photos."""
    folds: part("folds") = "stratified"  # type: ignore[valid-type]
    """How photos are dealt to folds; groups and exact copies always stay together."""
    models: dict[str, ModelSection] = Field(min_length=1)
    """Models by a name of your choice (letters, digits, dot, dash, underscore; model@view for one view)."""
    ensemble: part("ensemble") = "mean"  # type: ignore[valid-type]
    """How the models' scores become one."""
    training: TrainingSection = TrainingSection()
    """How training runs on this machine."""
    metrics: MetricsSection = MetricsSection()
    """How sure a score is."""

    @model_validator(mode="after")
    def _models_start_somewhere(self) -> "Recipe":
        made("folds", "folds", self.folds)
        made("ensemble", "ensemble", self.ensemble).check(tuple(self.models))
        for name, model in self.models.items():
            check_sources(name, self.models)
            check_start(name, model.starts_from, dict(self.models))
        return self

    @model_validator(mode="after")
    def _names_are_folders(self) -> "Recipe":
        for name in self.models:
            if not name or name.startswith(".") or not all(c.isalnum() or c in "._-@" for c in name):
                raise ValueError(f"model name {name!r}: use letters, digits, dot, dash, underscore and @")
        return self

    def as_loaded(self, name: str) -> ModelSection:
        """A model as it can be built without data or other jobs, with the weights that it goes back to: for
        measuring how fast it is."""
        section = self.models[name]
        first = section
        while first.starts_from is not None:
            first = self.models[first.starts_from]
        plain = {"weights": first.weights, "starts_from": None, "normalise": "model"}
        return section.model_copy(update=plain)

    @classmethod
    def load(
        cls, name_or_file: str = "quick", overrides: Iterable[str] = (), smoke: bool = False
    ) -> "Recipe":
        """A recipe by name or file, with ``key=value`` overrides; see `thresher.recipe.loader.load`."""
        from thresher.recipe.loader import load

        return load(name_or_file, overrides, smoke)
