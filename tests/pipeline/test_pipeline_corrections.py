"""A run with corrections: taught, never scored by; part of every job's key; repeatable; said twice."""

import json

import numpy as np
import pandas as pd
import pytest
from pipeline_runs import call, run_here, scores
from repair_kit import WRONG, ids_of, mislabel

from thresher.errors import DataError, RecipeError
from thresher.metrics.scores import METRICS
from thresher.predictions import Predictions
from thresher.progress import Progress
from thresher.run_folder import RunFolder

QUICK = ["models.tuned=null"]
TRUE = {name: f"{name.rstrip('0123456789')}" for name in WRONG}


@pytest.fixture
def bad_photos(own_photos):
    """Photos of which four have wrong labels."""
    return mislabel(own_photos, WRONG)


@pytest.fixture
def file(tmp_path):
    """Writes corrections; returns the file."""

    def write(*lines, name="mine.csv"):
        (tmp_path / name).write_text("\n".join(["image_id,old,new,action,note", *lines]) + "\n")
        return tmp_path / name

    return write


RIGHT = [f"{label}/{name}.jpg,{label},{TRUE[name]},relabel,seen" for name, label in WRONG.items()]


@pytest.fixture
def go(bad_photos, small, tmp_path):
    """Runs on those photos."""

    def run(*overrides, out="run", **options):
        given = {"test": bad_photos / "test", **options}
        return RunFolder(
            run_here(bad_photos / "train", small, tmp_path / out, *(overrides or QUICK), **given)
        )

    return run


def oof(run, model=None):
    return Predictions.load(run.predictions("oof", model))


def facts(run, model="frozen", fold=0):
    return json.loads((run.job(model, 0, fold) / "job.json").read_text())


def metrics(run):
    return json.loads(run.metrics.read_text())


def test_corrected_labels_are_taught_and_given_ones_scored(go, file, own_photos, small, tmp_path):
    plain, mended = go(out="plain"), go(corrections=file(*RIGHT))
    np.testing.assert_array_equal(oof(plain).labels, oof(mended).labels)
    np.testing.assert_array_equal(pd.read_parquet(plain.folds)["fold"], pd.read_parquet(mended.folds)["fold"])
    assert np.abs(oof(plain).scores - oof(mended).scores).max() > 1e-3
    for fold in (0, 1):  # the penalty is chosen by corrected labels, too
        before, after = (facts(run, fold=fold)["linear"]["inner_log_loss"] for run in (plain, mended))
        assert set(before) == set(after)
        assert all(after[key] != before[key] for key in before)
    # By hand: the same folds, and the right labels given; but the penalty is judged by other labels.
    names = oof(mended).ids
    true = [TRUE.get(name.split("/")[1][:-4], name.split("/")[0]) for name in names]
    pd.DataFrame({"image_id": names, "label": true}).to_csv(tmp_path / "true.csv", index=False)
    folds = pd.read_parquet(mended.folds).query("fold >= 0")
    folds.to_csv(tmp_path / "folds.csv", index=False)
    one = "models.frozen.stages.0.penalties=[0.01]"
    given = f"folds={{name: given, file: {tmp_path / 'folds.csv'}}}"
    whole = run_here(
        tmp_path / "true.csv", small, tmp_path / "whole", *QUICK, one, given, images=own_photos / "train"
    )
    wanted = Predictions.load(whole / "predictions/oof.parquet").align(names)
    again = go(*QUICK, one, out="again", corrections=file(*RIGHT))
    np.testing.assert_allclose(oof(again).scores, wanted.scores, atol=1e-6)


def test_both_scores_are_there_and_named(go, file):
    lines = [*RIGHT[:3], f"{ids_of(WRONG)[3]},{WRONG['blue03']},,drop,", "red/red05.jpg,red,blue:0.9,soften,"]
    run = go(corrections=file(*lines))
    found, said = oof(run).known, metrics(run)
    assert said["oof"]["accuracy"]["value"] == pytest.approx(METRICS["accuracy"](found.targets, found.scores))
    kept, right = [], 0
    for name, answer in zip(found.ids, found.predicted, strict=True):
        stem = name.split("/")[1][:-4]
        if stem != "blue03":
            kept.append(name)
            right += answer == TRUE.get(stem, name.split("/")[0])
    assert len(kept) == 29
    assert said["oof_corrected"]["accuracy"]["value"] == pytest.approx(right / 29)
    assert set(said["oof_corrected"]) == set(said["oof"])
    assert said["corrections"] == {"relabel": 3, "drop": 1, "soften": 1}
    report = run.report.read_text()
    assert "On corrected labels (3 relabelled, 1 dropped and 1 softened) the accuracy is" in report
    assert "oof_corrected" not in metrics(go(out="plain"))
    assert "On corrected labels" not in (go(out="plain").report).read_text()


def test_a_changed_file_does_the_jobs_again_and_notes_do_not(go, file):
    run = go(corrections=file(*RIGHT[:2]))
    keys = [facts(run, fold=fold)["fit_key"] for fold in (0, 1)]
    assert go(corrections=file(RIGHT[1], RIGHT[0].replace("seen", "looked"))).root == run.root
    assert [facts(run, fold=fold)["fit_key"] for fold in (0, 1)] == keys
    go(corrections=file(*RIGHT))
    other = [facts(run, fold=fold)["fit_key"] for fold in (0, 1)]
    assert not set(other) & set(keys)
    go()
    assert not set(other) & {facts(run, fold=fold)["fit_key"] for fold in (0, 1)}
    assert not run.corrections_used.exists()
    assert "oof_corrected" not in metrics(run)


def test_no_corrections_give_the_keys_and_bits_of_no_file(go, file):
    run = go()
    key, before = facts(run)["fit_key"], scores(run.root)
    for lines in ((), ("red/red05.jpg,red,blue,review,",)):
        go(corrections=file(*lines))
        assert facts(run)["fit_key"] == key
        assert scores(run.root) == before
        assert "oof_corrected" in metrics(run)
        assert len(run.corrections_used.read_text().splitlines()) == 1 + len(lines)
    go()
    assert "oof_corrected" not in metrics(run)


def test_the_file_lies_in_the_run_folder_and_repeats_the_run(go, file):
    run = go(corrections=file(*RIGHT))
    again = go(corrections=run.corrections_used, out="again")
    assert scores(run.root) == scores(again.root)
    assert run.corrections_used.read_text() == again.corrections_used.read_text()
    before = scores(run.root)
    go(corrections=run.corrections_used, fresh=True)  # which puts the folder aside
    assert scores(run.root) == before


def test_training_learns_them_too(go, file):
    stage = "models.tuned.stages.1"
    fast = ["models.frozen=null", f"{stage}.epochs=1", "models.tuned.dropout=0"]
    soft = file("red/red05.jpg,red,blue:0.9,soften,", "green/green03.jpg,green,,drop,", name="soft.csv")
    runs = [
        oof(go(*fast, out=f"run{number}", **given)).scores
        for number, given in enumerate(({}, {"corrections": file(*RIGHT)}, {"corrections": soft}))
    ]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(runs[one] - runs[other]).max() > 1e-3


def test_what_a_loss_cannot_learn_is_refused_before_anything_is_read(go, file, tmp_path):
    loss = "{name: combo, terms: [cross_entropy, triplet]}"
    words = ["models.frozen=null", f"models.tuned.stages.1.loss={loss}"]
    with pytest.raises(RecipeError, match="needs one class per photo, and the corrections soften 1 labels"):
        go(*words, corrections=file("red/red05.jpg,red,blue:0.9,soften,"))
    assert not (tmp_path / "run").exists()
    go(*words, "models.tuned.stages.1.epochs=1", corrections=file(*RIGHT))  # but other classes it can


def test_broken_photos_are_told_and_test_photos_refused(go, file, bad_photos, tmp_path):
    (bad_photos / "train/red/red06.jpg").write_bytes(b"no photo")
    told = []

    class Ears(Progress):
        def say(self, text):
            told.append(text)

    go(corrections=file("red/red06.jpg,red,blue,relabel,", *RIGHT[:1]), progress=Ears())
    assert "1 corrections are of photos that cannot be read: nobody learns them" in told
    with pytest.raises(DataError, match=r"mine\.csv: row 2: 't0.jpg' is a test photo"):
        go(corrections=file("t0.jpg,,blue,relabel,"))


def test_what_a_person_decided_is_not_repaired(go, file, finders):
    stage = "{kind: repair, inner_folds: 3, penalties: [0.01], find: made, action: {name: drop, above: 0.0}}"
    words = [*QUICK, f"models.frozen.stages=[{stage}, {{kind: linear, penalties: [0.01], inner_folds: 2}}]"]
    kept = [f"red/red0{number}.jpg,red,,keep," for number in (1, 2, 3)]
    run = go(*words, corrections=file(*kept, RIGHT[0], "green/green05.jpg,green,,drop,"))
    touched = {
        name
        for fold in (0, 1)
        for name in pd.read_parquet(run.job("frozen", 0, fold) / "labels.parquet")["image_id"]
    }
    decided = {line.split(",")[0] for line in [*kept, RIGHT[0], "green/green05.jpg"]}
    assert touched
    assert not touched & decided
    assert len(touched) > 15
    # A dropped photo is not judged; a relabelled one stands with its new label.
    names = {len(evidence.targets) for evidence, _ in finders}
    assert names == {14, 15}
    alone = go(*words, out="alone")
    assert facts(alone)["fit_key"] != facts(run)["fit_key"]


def test_as_a_user_gives_them(bad_photos, small, file, tmp_path):
    words = ["--set", QUICK[0], "--corrections", file(*RIGHT)]
    done = call(bad_photos, small, tmp_path / "run", *words, cache=tmp_path / "cache")
    assert done.code == 0, done.text
    assert "accuracy on corrected labels" in done.text
    bad = call(
        bad_photos, small, tmp_path / "run", *words[:-1], file("x,red,,drop,"), cache=tmp_path / "cache"
    )
    assert bad.code == 2
    assert "mine.csv: row 2: no photo is named 'x'" in bad.text
