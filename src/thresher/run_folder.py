"""The names in a run folder. They are a contract: other tools read these files."""

from dataclasses import dataclass
from pathlib import Path

from thresher.errors import RunError


@dataclass(frozen=True)
class RunFolder:
    """Where each artifact of a run lies, under ``root``."""

    root: Path

    @classmethod
    def existing(cls, path: str | Path) -> "RunFolder":
        """The folder of a run that was started.

        Raises:
            RunError: it is not one.
        """
        folder = cls(Path(path))
        if not folder.recipe.is_file():
            raise RunError(
                f"{path}: not a run folder (it has no recipe.yaml). "
                f"Make one with `thresher run DATA --out {path}`."
            )
        return folder

    @property
    def recipe(self) -> Path:
        """The resolved recipe."""
        return self.root / "recipe.yaml"

    @property
    def fit_here(self) -> Path:
        """The recipe that was fitted to this machine and a time, what was changed in it, and why."""
        return self.root / "fit_here.json"

    @property
    def environment(self) -> Path:
        """Versions, machine, command."""
        return self.root / "environment.json"

    @property
    def dataset(self) -> Path:
        """The table with ``status`` and ``reason`` per photo; class list and fingerprint in its metadata."""
        return self.root / "dataset.parquet"

    @property
    def folds(self) -> Path:
        """``image_id, fold``; further columns ``fold_2`` ... where folds are repeated."""
        return self.root / "folds.parquet"

    @property
    def duplicates(self) -> Path:
        """One row per photo that has a copy: ``image_id, cluster, kind, of, distance, agreement``."""
        return self.root / "duplicates.parquet"

    @property
    def photo_facts(self) -> Path:
        """``image_id`` and brightness, contrast, sharpness ... of each readable photo."""
        return self.root / "photo_facts.parquet"

    @property
    def drift(self) -> Path:
        """How well single photos tell two sources apart: ``image_id, first, second, is_second, score``."""
        return self.root / "drift.parquet"

    @property
    def features(self) -> Path:
        """Features of frozen backbones, shared by all folds."""
        return self.root / "features"

    @property
    def labels(self) -> Path:
        """What is known of wrong labels; the files below lie here."""
        return self.root / "labels"

    @property
    def issues(self) -> Path:
        """One row per labelled photo, in data-set order.

        Columns: ``image_id, given, suggested, probability, rank``, one per finder, ``cluster``. Photos that
        cannot be read were not judged: they have the last ranks, the share of wrong labels of their class as
        probability, and no finder's score.
        """
        return self.labels / "issues.parquet"

    @property
    def embeddings(self) -> Path:
        """Features (N, D), float32, of the photos of `issues`, in its order; zeros where there are none."""
        return self.labels / "embeddings.npy"

    @property
    def amounts(self) -> Path:
        """How many labels are wrong in each class: ``class, photos, wrong, low, high``."""
        return self.labels / "amounts.csv"

    @property
    def sheet(self) -> Path:
        """The most suspicious photos on one page that opens offline."""
        return self.labels / "sheet.html"

    @property
    def decisions(self) -> Path:
        """A person's decisions, one JSON object a line, only ever appended to."""
        return self.labels / "decisions.jsonl"

    @property
    def corrections(self) -> Path:
        """``image_id, old, new, action, note``: what is left of the decisions after undoing."""
        return self.labels / "corrections.csv"

    @property
    def corrections_used(self) -> Path:
        """The corrections that this run was given."""
        return self.labels / "corrections_used.csv"

    @property
    def history(self) -> Path:
        """The audit trail, only ever appended to: photo, round, from, to, method, probability, who ...

        See `thresher.repair.history`.
        """
        return self.labels / "history.parquet"

    def job(self, model: str, seed: int, fold: int) -> Path:
        """A job's folder: job.json, checkpoint.safetensors, history.parquet, oof.parquet, test.parquet, and
        labels.parquet where it repaired labels.

        A negative fold stands for all photos.
        """
        return self.root / "jobs" / model / str(seed) / (f"fold{fold}" if fold >= 0 else "all")

    def predictions(self, kind: str, model: str | None = None) -> Path:
        """Scores of a kind (``oof``, ``test``), of one model or of the ensemble."""
        folder = self.root / "predictions"
        return (folder / model if model else folder) / f"{kind}.parquet"

    @property
    def metrics(self) -> Path:
        """Scores with intervals, speed."""
        return self.root / "metrics.json"

    @property
    def submission(self) -> Path:
        """Answers for the test photos."""
        return self.root / "submission.csv"

    @property
    def report(self) -> Path:
        """One page that opens offline."""
        return self.root / "report.html"

    @property
    def log(self) -> Path:
        """One JSON object per event."""
        return self.root / "log.jsonl"

    @property
    def budget(self) -> Path:
        """What `thresher run --budget` decided and spent: one JSON object per event."""
        return self.root / "budget.jsonl"

    @property
    def steps(self) -> Path:
        """The runs of the steps of such a budget, and the recipes that they were told."""
        return self.root / "steps"

    @property
    def lock(self) -> Path:
        """Held by the process that works here."""
        return self.root / ".lock"


@dataclass(frozen=True)
class EnsembleFolder:
    """Where `thresher ensemble` leaves its files, under ``root``."""

    root: Path

    def scores(self, kind: str) -> Path:
        """Scores of a kind: ``oof`` (nested), ``test``."""
        return self.root / f"{kind}.parquet"

    @property
    def metrics(self) -> Path:
        """Nested and naive scores with intervals, weights, seconds, of every method that was tried."""
        return self.root / "metrics.json"

    @property
    def weights(self) -> Path:
        """``model, weight``; where models have views, ``view`` too."""
        return self.root / "weights.csv"

    @property
    def submission(self) -> Path:
        """Answers for the test photos."""
        return self.root / "submission.csv"

    @property
    def page(self) -> Path:
        """One page that opens offline."""
        return self.root / "ensemble.html"
