"""A classifier of photos in the way of scikit-learn, on top of the pipeline."""

import tempfile
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from thresher.errors import DataError

if TYPE_CHECKING:
    from thresher.predictions import Predictions
    from thresher.recipe.schema import Recipe
    from thresher.run_folder import RunFolder

Paths = Sequence[str | PathLike[str]]


class PhotoClassifier:
    """Fits a recipe on photos and scores others.

    It follows scikit-learn's rules (``clone``, ``get_params``, cross-validation) without importing it.

    Args:
        recipe: a recipe, the name of one of the package's, or a YAML file.
        out: the run folder, kept; default: a temporary one that goes away with this object.
        overrides: ``key=value`` changes of a recipe that is given by name or file.

    Attributes:
        classes_: the classes (K,), sorted, in the order of the columns of `predict_proba`; set by `fit`.
        metrics_: out-of-fold scores with their intervals, as in ``metrics.json``; set by `fit`.
        run_: the run folder; set by `fit`.
    """

    _estimator_type = "classifier"
    classes_: np.ndarray
    metrics_: dict[str, Any]
    run_: "RunFolder"
    _scratch: "tempfile.TemporaryDirectory[str]"

    def __init__(
        self,
        recipe: "str | PathLike[str] | Recipe" = "quick",
        out: str | PathLike[str] | None = None,
        overrides: Iterable[str] = (),
    ) -> None:
        self.recipe = recipe
        self.out = out
        self.overrides = overrides

    def fit(
        self, paths: Paths, labels: Sequence[Any], groups: Sequence[Any] | None = None
    ) -> "PhotoClassifier":
        """Trains on photos.

        Args:
            paths: N files.
            labels: N labels, text or numbers; None or nan where there is none.
            groups: N values; photos of equal value never stand in two folds.

        Raises:
            DataError: lengths that differ, a path that stands twice, fewer than two classes.
            RecipeError: the recipe is wrong.
        """
        import pandas as pd

        from thresher.dataset.open import open_dataset
        from thresher.files import read_json
        from thresher.pipeline.run import run

        ids = _absolute(paths)
        for name, values in (("labels", labels), ("groups", groups)):
            if values is not None and len(values) != len(ids):
                raise DataError(f"{len(ids)} paths and {len(values)} {name}: give one for each photo")
        given = pd.Series(list(labels), dtype=object)
        self.classes_ = np.unique(np.asarray(list(given.dropna())))
        frame = pd.DataFrame({"image_id": ids, "label": given.map(str, na_action="ignore")})
        if groups is not None:
            frame["group"] = [str(value) for value in groups]
        recipe = self._recipe(grouped=groups is not None)
        dataset = open_dataset(frame, section=recipe.data)
        if self.out is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="thresher-")  # lives as long as this object
        self.run_ = run(dataset, recipe, Path(self._scratch.name if self.out is None else self.out))
        self.metrics_ = read_json(self.run_.metrics)
        return self

    def predict_proba(self, paths: Paths) -> np.ndarray:
        """Probabilities (N, K) of the classes, rows in the order of ``paths``, each summing to 1."""
        return self._predictions(paths).scores

    def predict(self, paths: Paths) -> np.ndarray:
        """The likeliest class of each photo (N,), as the labels were given."""
        scores = self.predict_proba(paths)
        return np.asarray(self.classes_[scores.argmax(1)])

    def score(self, paths: Paths, labels: Sequence[Any]) -> float:
        """Accuracy on photos whose labels are known, 0 to 1."""
        return float(np.mean(self.predict(paths) == np.asarray(labels)))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments, as scikit-learn wants them."""
        return {"recipe": self.recipe, "out": self.out, "overrides": self.overrides}

    def set_params(self, **params: Any) -> "PhotoClassifier":
        """Changes constructor arguments.

        Raises:
            ValueError: there is no such argument.
        """
        for name, value in params.items():
            if name not in self.get_params():
                raise ValueError(f"PhotoClassifier has no parameter {name!r}: {sorted(self.get_params())}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        return f"PhotoClassifier(recipe={self.recipe!r}, out={self.out!r}, overrides={self.overrides!r})"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "run_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(one_d_array=True, two_d_array=False, string=True),
        )

    def _recipe(self, grouped: bool) -> "Recipe":
        """The recipe with what the table made here needs: its columns, its classes, paths from anywhere."""
        from thresher.recipe.loader import load
        from thresher.recipe.schema import Recipe

        recipe = self.recipe
        if not isinstance(recipe, Recipe):
            recipe = load(str(recipe), self.overrides)
        elif tuple(self.overrides):
            raise DataError("overrides need a recipe that is given by name or file")
        changes = {
            "image_id": "image_id",
            "label": "label",
            "group": "group" if grouped else None,
            "classes": tuple(map(str, self.classes_)),
            "allow_outside": True,
        }
        # Columns of a table that is not there mean nothing here.
        changes.update(dict.fromkeys(("source", "split", "weight"), None))
        return recipe.model_copy(update={"data": recipe.data.model_copy(update=changes)})

    def _predictions(self, paths: Paths) -> "Predictions":
        """Scores of each path, repeated paths included."""
        if not self.__sklearn_is_fitted__():
            raise DataError("this PhotoClassifier is not fitted yet: call fit(paths, labels) first")
        import pandas as pd

        from thresher.pipeline.predict import predict

        ids = _absolute(paths)
        with tempfile.TemporaryDirectory(prefix="thresher-") as folder:
            table = Path(folder) / "photos.parquet"
            pd.DataFrame({"image_id": list(dict.fromkeys(ids))}).to_parquet(table)
            scores: Predictions = predict(self.run_.root, table)
            return scores.align(ids)


def _absolute(paths: Paths) -> list[str]:
    """Paths as the image ids of a table."""
    if isinstance(paths, str | PathLike):
        raise DataError("give a list of paths, not one path")
    return [str(Path(path).absolute()) for path in paths]
