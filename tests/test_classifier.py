"""The classifier in the way of scikit-learn, on a pipeline that stands in for the real one."""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from thresher.classifier import PhotoClassifier
from thresher.errors import DataError
from thresher.files import write_json
from thresher.predictions import Predictions
from thresher.run_folder import RunFolder


@pytest.fixture
def pipeline(monkeypatch):
    """Knows the colour folders' names: a photo's class is the folder that it lies in."""
    seen = {}

    def run(dataset, recipe, out, **options):
        seen.update(dataset=dataset, recipe=recipe, out=out)
        folder = RunFolder(out)
        write_json(folder.metrics, {"oof": {"accuracy": {"value": 1.0, "low": 0.9, "high": 1.0}}})
        seen["labels"] = dict(
            zip(dataset.frame["path"].str.split("/").str[-2], dataset.frame["label"], strict=True)
        )
        return folder

    def predict(folder, photos, **options):
        ids = pd.read_parquet(photos)["image_id"].to_numpy(dtype=object)
        seen["asked"] = list(ids)
        classes = seen["dataset"].classes
        found = [classes.index(seen["labels"][name.split("/")[-2]]) for name in ids]
        return Predictions(ids[::-1], np.eye(len(classes))[found][::-1], classes, "test")

    # The real modules load torch; here it is the classifier that is looked at.
    monkeypatch.setitem(sys.modules, "thresher.pipeline.run", SimpleNamespace(run=run))
    monkeypatch.setitem(sys.modules, "thresher.pipeline.predict", SimpleNamespace(predict=predict))
    return seen


@pytest.fixture
def photos(class_folder):
    paths = sorted(class_folder.glob("*/*.jpg"))
    return paths, [path.parent.name for path in paths]


def test_fit_and_predict(pipeline, photos, tmp_path):
    paths, labels = photos
    model = PhotoClassifier("quick", tmp_path / "run").fit(paths, labels)
    assert list(model.classes_) == ["blue", "green", "red"]
    assert model.metrics_["oof"]["accuracy"]["value"] == 1
    assert model.run_.root == tmp_path / "run"
    some = [paths[30], paths[2], paths[30]]  # in any order, and one of them twice
    assert model.predict_proba(some).tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1]]
    assert len(pipeline["asked"]) == 2
    assert list(model.predict(some)) == ["red", "blue", "red"]
    assert model.score(some, ["red", "blue", "green"]) == pytest.approx(2 / 3)


def test_labels_that_are_numbers_stay_numbers_in_their_order(pipeline, photos):
    paths, labels = photos
    numbers = [{"blue": 2, "green": 10, "red": 1}[label] for label in labels]
    model = PhotoClassifier().fit(paths, numbers)
    assert list(model.classes_) == [1, 2, 10]
    assert pipeline["dataset"].classes == ("1", "2", "10")
    assert model.predict([paths[0], paths[12]]).tolist() == [2, 10]


def test_groups_and_missing_labels_reach_the_data_set(pipeline, photos):
    paths, labels = photos
    labels = [None if index % 6 == 0 else label for index, label in enumerate(labels)]
    PhotoClassifier().fit(paths, labels, groups=[index // 4 for index in range(len(paths))])
    frame = pipeline["dataset"].frame
    assert frame["label"].isna().sum() == 6
    assert frame["group"].nunique() == 9
    assert pipeline["recipe"].data.group == "group"


def test_relative_paths(pipeline, photos, class_folder, monkeypatch):
    paths, labels = photos
    monkeypatch.chdir(class_folder)
    model = PhotoClassifier().fit([path.relative_to(class_folder) for path in paths], labels)
    assert list(model.predict(["red/red03.jpg"])) == ["red"]


def test_a_temporary_run_folder_goes_away_with_the_classifier(pipeline, photos):
    model = PhotoClassifier().fit(*photos)
    folder = model.run_.root
    assert folder.is_dir()
    del model
    assert not folder.exists()


def test_scikit_learn_can_clone_it_and_ask_what_it_is():
    from sklearn.base import clone, is_classifier
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    model = PhotoClassifier("standard", "run", ("seed=3",))
    copy = clone(model)
    assert copy is not model
    assert (
        copy.get_params()
        == model.get_params()
        == {"recipe": "standard", "out": "run", "overrides": ("seed=3",)}
    )
    assert is_classifier(model)
    assert model.set_params(recipe="quick").recipe == "quick"
    with pytest.raises(ValueError, match="no parameter 'recipes'"):
        model.set_params(recipes="quick")
    with pytest.raises(NotFittedError):
        check_is_fitted(model)


def test_cross_validation(pipeline, photos):
    from sklearn.model_selection import cross_val_score

    paths, labels = photos
    assert cross_val_score(PhotoClassifier(), [str(path) for path in paths], labels, cv=2).tolist() == [1, 1]


def test_overrides_and_ready_recipes(pipeline, photos):
    from thresher.recipe.loader import load

    PhotoClassifier("quick", overrides=["seed=5"]).fit(*photos)
    assert pipeline["recipe"].seed == 5
    PhotoClassifier(load("quick", ["seed=6", "data.label=kind"])).fit(*photos)
    assert (pipeline["recipe"].seed, pipeline["recipe"].data.label) == (6, "label")
    with pytest.raises(DataError, match="overrides need a recipe"):
        PhotoClassifier(load("quick"), overrides=["seed=5"]).fit(*photos)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda paths, labels: (paths, labels[1:]), "36 paths and 35 labels"),
        (lambda paths, labels: (paths, labels, [1]), "36 paths and 1 groups"),
        (lambda paths, labels: (str(paths[0]), labels), "a list of paths"),
        (lambda paths, labels: (paths + paths[:1], labels + labels[:1]), "more than once"),
        (lambda paths, labels: (paths, ["same"] * len(paths)), "two classes"),
    ],
)
def test_wrong_calls(pipeline, photos, change, says):
    with pytest.raises(DataError, match=says):
        PhotoClassifier().fit(*change(*photos))


def test_not_fitted():
    with pytest.raises(DataError, match="not fitted"):
        PhotoClassifier().predict(["a.jpg"])
