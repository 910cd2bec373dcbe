"""A run's own ensemble: nested scores, naive ones beside them, the same weights for test and new photos."""

import json
import shutil

import numpy as np
import pytest
from pipeline_runs import run_here, scores

from thresher.ensemble import REGISTRY, Stack
from thresher.errors import RecipeError
from thresher.metrics.scores import accuracy, log_loss
from thresher.pipeline.predict import predict
from thresher.predictions import Predictions
from thresher.recipe.loader import load
from thresher.report import write_report
from thresher.run_folder import RunFolder


@pytest.fixture
def again(finished, photos, tmp_path):
    """Runs the finished run once more, with another ensemble; no job is done again."""
    out = shutil.copytree(finished, tmp_path / "run")
    recipe = finished.parent / "small.yaml"

    def call(*overrides):
        run_here(photos / "train", recipe, out, *overrides, test=photos / "test")
        return out, json.loads((out / "metrics.json").read_text())

    return call


def models_of(run, kind):
    return [Predictions.load(run / f"predictions/{name}/{kind}.parquet") for name in ("frozen", "tuned")]


def test_what_is_learned_is_scored_on_the_other_fold(again, photos):
    run, metrics = again("ensemble.name=simplex")
    oof = models_of(run, "oof")
    targets, folds = oof[0].targets, np.asarray(oof[0].folds)
    stack = Stack(np.stack([one.scores for one in oof]), targets, folds, ("frozen", "tuned"))
    wanted = np.empty_like(oof[0].scores)
    for fold in (0, 1):
        held = folds == fold
        weights = REGISTRY.build("simplex").fit(stack.take(~held)).weights
        wanted[held] = np.tensordot(weights, stack.scores[:, held], 1)
    found = Predictions.load(run / "predictions/oof.parquet")
    np.testing.assert_allclose(found.scores, wanted, atol=1e-12)
    assert list(found.folds) == list(folds)
    assert metrics["oof"]["log_loss"]["value"] == pytest.approx(log_loss(targets, wanted))

    whole = REGISTRY.build("simplex").fit(stack).weights
    assert metrics["ensemble"]["weights"] == pytest.approx({"frozen": whole[0], "tuned": whole[1]})
    naive = metrics["ensemble"]["naive"]
    mixed = np.tensordot(whole, stack.scores, 1)
    assert naive["log_loss"]["value"] == pytest.approx(log_loss(targets, mixed))
    assert naive["accuracy"]["value"] == pytest.approx(accuracy(targets, mixed))
    test = Predictions.load(run / "predictions/test.parquet")
    tests = np.stack([one.scores for one in models_of(run, "test")])
    np.testing.assert_allclose(test.scores, np.tensordot(whole, tests, 1), atol=1e-12)

    new = predict(run, photos / "test")
    np.testing.assert_allclose(new.scores, test.align(new.ids).scores, atol=1e-6)


def test_the_report_says_what_the_naive_score_would_be(again):
    run, metrics = again("ensemble.name=greedy", "ensemble.metric=log_loss")
    naive = metrics["ensemble"]["naive"]["accuracy"]["value"]
    page = write_report(RunFolder(run)).read_text(encoding="utf-8")
    assert "the ensemble (greedy) was fitted on the other folds" in page
    assert f"{100 * naive:.1f}" in page


def test_the_plain_mean_writes_the_same_bytes_as_ever(again, finished):
    run, metrics = again()
    assert scores(run) == scores(finished)
    assert "ensemble" not in metrics
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "the ensemble (" not in page


def test_one_held_out_part_is_dealt_to_folds_of_its_own(photos, small, tmp_path):
    run = run_here(
        photos / "train",
        small,
        tmp_path / "run",
        "folds={name: holdout, share: 0.5}",
        "ensemble={name: subsets, metric: log_loss}",
        test=photos / "test",
    )
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["ensemble"]["naive"]["log_loss"]["value"] <= metrics["oof"]["log_loss"]["value"] + 1e-12
    assert Predictions.load(run / "predictions/oof.parquet").known.scores.shape == (15, 3)


def test_an_ensemble_that_cannot_be_is_an_error_of_the_recipe(small):
    with pytest.raises(RecipeError, match="no model is named 'tunde'; did you mean 'tuned'"):
        load(small, ["ensemble={name: weighted, weights: {tunde: 1}}"])
    with pytest.raises(RecipeError, match="no model has a weight above 0"):
        load(small, ["ensemble={name: weighted, weights: {tuned: 0}}"])
    with pytest.raises(RecipeError, match="no metric is named 'acuracy'"):
        load(small, ["ensemble={name: greedy, metric: acuracy}"])
    with pytest.raises(RecipeError, match="'mean' is no search for weights"):
        load(small, ["ensemble={name: per_view, search: mean}"])
    assert load(small, ["ensemble={name: weighted, weights: {tuned: 1}}"]).ensemble["weights"] == {"tuned": 1}


def test_broken_photos_keep_the_class_shares(own_photos, small, tmp_path):
    for name in ("test/t2.jpg", "train/red/red03.jpg"):
        (own_photos / name).write_bytes(b"")
    run = run_here(
        own_photos / "train", small, tmp_path / "run", "ensemble.name=vote", test=own_photos / "test"
    )
    for kind, broken in (("oof", "red/red03.jpg"), ("test", "t2.jpg")):
        scores = Predictions.load(run / f"predictions/{kind}.parquet").align([broken]).scores
        models = [one.align([broken]).scores for one in models_of(run, kind)]
        np.testing.assert_allclose(scores, (models[0] + models[1]) / 2, atol=1e-12)
        assert scores.max() < 0.5
    found = predict(run, own_photos / "test").align(["t2.jpg"])
    np.testing.assert_allclose(found.scores, scores, atol=1e-9)
