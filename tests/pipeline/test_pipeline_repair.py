"""Stages that repair labels: what they may see, what they change, and where they may stand."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from pipeline_runs import run_here
from repair_kit import WRONG, ids_of, mislabel

from thresher.dataset.open import open_dataset
from thresher.dataset.teaching import Teaching
from thresher.errors import RecipeError
from thresher.models.linear import held_out_scores, inner_split
from thresher.pipeline.find_lr import find_lr
from thresher.pipeline.predict import predict
from thresher.predictions import Predictions
from thresher.progress import Progress
from thresher.recipe.loader import load
from thresher.repair.history import read_history
from thresher.run_folder import RunFolder
from thresher.seeds import derive

RECIPE = """\
folds: {name: stratified, n: 2}
metrics: {resamples: 100}
training: {checkpoint_minutes: 0, jobs: 1}
models:
  mended: &mended
    backbone: test_efficientnet
    weights: WEIGHTS
    image_size: 32
    engine: torch
    precision: fp32
    score_batch: 8
    views: [plain]
    stages:
      - kind: repair
        views: [plain]
        inner_folds: 3
        penalties: [0.01]
        find: made
        action: &drop {name: drop, above: 0.6}
      - &linear {kind: linear, penalties: [0.01], inner_folds: 2}
"""
TRAIN = "{kind: train, epochs: 2, batch_size: 6, precision: fp32}"
PLAIN = "models.mended.stages=[{kind: linear, penalties: [0.01], inner_folds: 2}]"
DISTIL = "{kind: repair, inner_folds: 3, penalties: [0.01], action: distil}"


@pytest.fixture
def bad_photos(own_photos):
    return mislabel(own_photos, WRONG)


@pytest.fixture
def recipe(weights, tmp_path, finders):
    """Writes a recipe with further models; returns the file."""

    def write(more=""):
        path = tmp_path / "mine.yaml"
        path.write_text(RECIPE.replace("WEIGHTS", str(weights)) + more)
        return path

    return write


@pytest.fixture
def go(bad_photos, recipe, tmp_path):
    """Runs a recipe on photos of which four have wrong labels; returns the run folder."""

    def run(*overrides, more="", out="run", data=None, **options):
        given = {"test": bad_photos / "test", **options}
        return RunFolder(
            run_here(data or bad_photos / "train", recipe(more), tmp_path / out, *overrides, **given)
        )

    return run


def facts(run, model="mended", fold=0):
    return json.loads((run.job(model, 0, fold) / "job.json").read_text())


def changed(run, model="mended", fold=0):
    return pd.read_parquet(run.job(model, 0, fold) / "labels.parquet")


def oof(run, model=None):
    return Predictions.load(run.predictions("oof", model))


def test_it_finds_what_is_wrong(go):
    run = go()
    found = {fold: changed(run, fold=fold) for fold in (0, 1)}
    for fold, table in found.items():
        assert (table["probability"] >= 0.6).all()
        assert set(table["action"]) == {"drop"}
        assert set(table["method"]) == {"made"}
        assert table["to"].isna().all()
        assert facts(run, fold=fold)["repaired"] == len(table) > 0
    wrong = set(ids_of(WRONG))
    dropped = {name for table in found.values() for name in table["image_id"]}
    assert len(dropped & wrong) / len(wrong) > 2 * len(dropped - wrong) / (30 - len(wrong))


def test_photos_of_the_held_out_fold_are_never_looked_at(go, finders, bad_photos, tmp_path):
    run = go()
    assert [len(evidence.targets) for evidence, _ in finders] == [15, 15]
    folds = pd.read_parquet(run.folds).query("fold >= 0")
    folds.to_csv(tmp_path / "folds.csv", index=False)
    held = folds["image_id"].where(folds["fold"] == 0).dropna()
    table = pd.DataFrame({"image_id": folds["image_id"], "label": folds["image_id"].str.split("/").str[0]})
    table.loc[table["image_id"].isin(held), "label"] = "red"
    table.to_csv(tmp_path / "other.csv", index=False)
    given = f"folds={{name: given, file: {tmp_path / 'folds.csv'}}}"
    other = go(given, out="other", data=tmp_path / "other.csv", images=bad_photos / "train")
    one, two = (Predictions.load(place.job("mended", 0, 0) / "oof.parquet") for place in (run, other))
    np.testing.assert_allclose(one.scores, two.align(one.ids).scores, atol=1e-6)
    assert set(changed(run)["image_id"]) == set(changed(other)["image_id"])
    assert set(two.labels) == {"red"}


def test_every_round_fits_on_what_the_last_one_made_and_judges_what_was_given(go, finders):
    action = "models.mended.stages.0.action={name: weigh, factor: 0.5, above: 0.6}"
    run = go("models.mended.stages.0.rounds=3", action)
    data, _ = open_dataset_of(run)
    folds = pd.read_parquet(run.folds)["fold"].to_numpy()
    assert len(finders) == 6
    for fold in (0, 1):
        rows = np.flatnonzero((folds >= 0) & (folds != fold))
        given, seed = data.targets[rows], derive(0, 0, fold)
        taught, table = Teaching.of(given), changed(run, fold=fold)
        for turn, (evidence, own) in enumerate(finders[3 * fold : 3 * fold + 3], start=1):
            assert own == derive(seed, "repair", 0, turn)
            inner = inner_split(given, None, 3, own)
            features = evidence.embeddings[None]
            wanted = held_out_scores(features, given, 3, (0.01,), inner, teaching=taught)
            np.testing.assert_array_equal(evidence.scores, wanted)
            np.testing.assert_array_equal(evidence.targets, given)
            names = table[table["round"] == turn]["image_id"]
            wrong = 1 - evidence.scores[np.arange(len(rows)), given]
            assert set(names) == set(data.ids[rows][wrong >= 0.6])  # whatever the round before did
            halved = np.isin(data.ids[rows], names)
            assert halved.any()
            taught = Teaching.of(given).reweigh(halved, np.full(len(rows), 0.5))
        assert facts(run, fold=fold)["repaired"] == halved.sum()


def open_dataset_of(run):
    from thresher.dataset.store import load_dataset

    return load_dataset(run.dataset)


@pytest.mark.parametrize("action", ["soften", "relabel", "drop", "weigh", "distil"])
def test_every_action_reaches_the_head(go, action):
    find = "" if action == "distil" else ", find: made"
    stage = f"{{kind: repair, inner_folds: 3, penalties: [0.01], action: {action}{find}}}"
    run = go(f"models.mended.stages=[{stage}, {{kind: linear, penalties: [0.01], inner_folds: 2}}]")
    assert set(changed(run)["action"]) == {action}
    plain = go(PLAIN, out="plain")
    assert np.abs(oof(run).scores - oof(plain).scores).max() > 1e-3


def test_the_penalty_is_chosen_by_what_labels_were_before(go):
    several = "models.mended.stages.*.penalties=[0.001, 0.1]"
    run, plain = go(several), go(PLAIN, several, out="plain")
    assert facts(run)["linear"] == facts(plain)["linear"]
    assert facts(run)["repaired"] > 0


def test_training_learns_what_is_repaired(go):
    spec = "{kind: repair, inner_folds: 3, penalties: [0.01], find: made, action: ACTION}"
    runs = {}
    for name, action in (("drop", "drop"), ("soft", "soften"), ("even", "{name: distil, share: 1.0}")):
        stage = spec.replace("ACTION", action).replace(
            "find: made, ", "" if name == "even" else "find: made, "
        )
        runs[name] = go(f"models.mended.stages=[{stage}, {TRAIN}]", out=name)
    runs["plain"] = go(f"models.mended.stages=[{TRAIN}]", out="plain")
    scores = {name: oof(run).scores for name, run in runs.items()}
    for name in ("drop", "soft", "even"):
        assert np.abs(scores[name] - scores["plain"]).max() > 1e-3, name
    history = pd.read_parquet(runs["drop"].job("mended", 0, 0) / "history.parquet")
    assert set(history["stage"]) == {1}


def test_a_repair_that_changes_nothing_gives_the_bits_of_no_repair(go):
    """Also in the stages after it, whose numbers are one higher: only what is drawn for a stage differs."""
    calm = "models.mended.stages.0.action={name: drop, above: 2.0}"
    assert np.array_equal(oof(go(calm)).scores, oof(go(PLAIN, out="plain")).scores)


class Killed(Exception):
    """Stands for a kill signal."""


class Killer(Progress):
    """Raises after so many steps."""

    def __init__(self, steps):
        self.left = steps

    def advance(self, count=1, **facts):
        if facts:
            self.left -= 1
            if self.left < 0:
                raise Killed


def bits(run):
    files = [*run.root.glob("predictions/**/*.parquet"), *run.root.glob("jobs/*/*/*/labels.parquet")]
    return {path.relative_to(run.root).as_posix(): path.read_bytes() for path in sorted(files)}


def test_a_run_that_was_killed_goes_on_to_the_same_bits(go):
    stages = f"models.mended.stages=[{{kind: repair, inner_folds: 2, find: made, rounds: 2}}, {TRAIN}]"
    whole = bits(go(stages, out="whole"))
    for steps in (1, 4, 3, 1):
        with pytest.raises(Killed):
            go(stages, progress=Killer(steps))
    assert bits(go(stages)) == whole
    assert len([name for name in whole if name.startswith("jobs/")]) == 2


def test_what_is_done_about_labels_trains_that_model_again_and_no_other(go):
    more = "  other: {<<: *mended, stages: [*linear]}\n"
    run = go(more=more)
    keys = {name: facts(run, name)["fit_key"] for name in ("mended", "other")}
    for change in ("action.above=0.7", "inner_folds=2", "rounds=2", "find=near"):
        again = go(f"models.mended.stages.0.{change}", more=more)
        assert facts(again, "other")["fit_key"] == keys["other"]
        assert facts(again)["fit_key"] != keys["mended"]


SECOND = """\
  first: {<<: *mended, stages: [*linear]SEEDS}
  second: {<<: *mended, stages: [{kind: repair, scores: first, find: made, action: *drop}, *linear]}
"""


def two(seeds=""):
    return SECOND.replace("SEEDS", seeds)


def test_scores_of_another_model_judge_the_labels(go, finders):
    run = go("models.mended=null", more=two())
    of_first = oof(run, "first")
    folds = pd.read_parquet(run.folds)["fold"].to_numpy()[:30]
    for fold, (evidence, _) in enumerate(finders):
        ids = pd.read_parquet(run.folds)["image_id"].to_numpy()[:30][folds != fold]
        np.testing.assert_array_equal(evidence.scores, of_first.align(ids).scores)
        assert evidence.members is None
        assert evidence.embeddings is None
        wrong = 1 - evidence.scores[np.arange(15), evidence.targets]
        assert set(changed(run, "second", fold)["image_id"]) == set(ids[wrong >= 0.6])
    report = run.report.read_text()
    assert "The labels of second were judged by scores of first, whose models saw labels" in report


def test_several_seeds_are_several_members(go, finders):
    run = go("models.mended=null", "models.second.stages.0.find=agreed", more=two(", seeds: [0, 1]"))
    assert len(finders) == 2
    for evidence, _ in finders:
        assert evidence.members.shape == (2, 15, 3)
        np.testing.assert_allclose(evidence.members.mean(0), evidence.scores)
    assert len(oof(run, "first")) == 30


def test_a_change_of_the_judging_model_trains_the_judged_one_again(go):
    run = go("models.mended=null", more=two())
    key = facts(run, "second")["fit_key"]
    again = go("models.mended=null", "models.first.stages.0.penalties=[1.0]", more=two())
    assert facts(again, "second")["fit_key"] != key
    viewed = go("models.mended=null", "models.first.views=[hflip]", more=two())  # its scores differ, too
    assert facts(viewed, "second")["fit_key"] not in (key, facts(again, "first")["fit_key"])


def test_folds_that_leave_photos_out_have_no_scores_of_them(go):
    with pytest.raises(RecipeError, match="training photos are in no fold, so that first has no"):
        go("models.mended=null", "folds={name: holdout, share: 0.3}", more=two())
    go("folds={name: holdout, share: 0.3}")  # heads of its own need none


def test_a_final_model_learns_from_repaired_labels_too(go):
    run = go("models.mended.final=all")
    table = pd.read_parquet(run.job("mended", 0, -2) / "labels.parquet")
    assert len(table) > 0
    history = read_history(run.history)
    assert set(history["fold"]) == {0, 1, -1}


def test_weights_that_are_random_are_refused(go):
    with pytest.raises(RecipeError, match="a repair stage would"):
        go("models.mended.weights=none", f"models.mended.stages.1={TRAIN}")


def test_new_photos_are_scored_as_ever(go, bad_photos):
    run = go()
    found = predict(run.root, bad_photos / "test")
    wanted = Predictions.load(run.predictions("test"))
    np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-6)


def test_the_range_test_trains_on_what_is_repaired(bad_photos, recipe):
    loaded = load(str(recipe()), [f"models.mended.stages.1={TRAIN}"])
    data = open_dataset(bad_photos / "train", None, None, loaded.data)
    found = find_lr(data, loaded, steps=12)
    assert (found.stage, len(found.curve.rates)) == (2, 12)
    both = load(str(recipe(two())), [f"models.second.stages.1={TRAIN}"])
    with pytest.raises(RecipeError, match="needs the scores of first"):
        find_lr(data, both, model="second")


def test_jobs_side_by_side_repair_alike(bad_photos, recipe, go):
    stages = f"models.mended.stages=[{DISTIL}, {TRAIN}]"
    alone = go(stages, out="alone")
    beside = go(stages, "training.jobs=2", out="beside")
    for fold in (0, 1):
        pd.testing.assert_frame_equal(changed(alone, fold=fold), changed(beside, fold=fold))
    np.testing.assert_allclose(oof(alone).scores, oof(beside).scores, atol=1e-4)


def test_the_run_keeps_an_audit_trail_that_only_grows(go):
    run = go()
    history = read_history(run.history)
    parts = {fold: changed(run, fold=fold) for fold in (0, 1)}
    assert len(history) == sum(map(len, parts.values()))
    assert set(history["who"]) == {"recipe"}
    assert set(history["model"]) == {"mended"}
    for fold, part in parts.items():
        own = history[history["fold"] == fold]
        assert list(own["image_id"]) == list(part["image_id"])
        assert list(own["from"]) == list(part["from"])
        assert list(own["probability"]) == list(part["probability"])
    go("seed=0")  # the same again adds nothing
    pd.testing.assert_frame_equal(read_history(run.history), history)
    go("models.mended.stages.0.action=relabel")
    grown = read_history(run.history)
    pd.testing.assert_frame_equal(grown[: len(history)], history)
    assert set(grown[len(history) :]["action"]) == {"relabel"}


def test_a_model_without_repair_leaves_no_trail(go):
    run = go()
    shutil.rmtree(run.labels)
    again = go(PLAIN)
    assert not again.history.exists()
    assert not (again.job("mended", 0, 0) / "labels.parquet").exists()
