"""The same again gives the same; a changed recipe redoes what the change touches, and nothing else."""

import json

import pandas as pd
import pytest
from pipeline_runs import run_here, scores

from thresher.progress import Progress
from thresher.report.facts import read_facts
from thresher.run_folder import RunFolder


class Told(Progress):
    """Remembers what it was told."""

    def __init__(self):
        self.stages, self.said = [], []

    def start(self, stage, total=None, unit="photos"):
        self.stages.append(stage)

    def say(self, text):
        self.said.append(text)


@pytest.fixture
def go(photos, small, tmp_path):
    """Runs in ``tmp_path/run``; returns the folder and what was told."""

    def run(*overrides, out="run", **options):
        told = Told()
        folder = run_here(
            photos / "train",
            small,
            tmp_path / out,
            *overrides,
            test=photos / "test",
            progress=told,
            **options,
        )
        return folder, told

    return run


def times(run):
    return {
        path.relative_to(run).as_posix(): path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()
    }


def contents(run):
    return {name: (run / name).read_bytes() for name in times(run) if name not in ("log.jsonl", ".lock")}


def fitted(told):
    """The jobs that were worked on."""
    return [stage.split(",")[0] for stage in told.stages if ", fold " in stage]


def test_the_same_recipe_gives_the_same_bytes_whatever_prepares_the_batches(go, finished):
    assert scores(go()[0]) == scores(finished)
    assert (
        scores(go("training.workers=2", "models.frozen=null", out="workers")[0])[
            "predictions/tuned/oof.parquet"
        ]
        == (finished / "predictions/tuned/oof.parquet").read_bytes()
    )


def test_another_seed_gives_other_folds(go, finished):
    folder, _ = go("seed=1", "models.tuned=null")
    assert (folder / "folds.parquet").read_bytes() != (finished / "folds.parquet").read_bytes()


def test_a_finished_run_is_left_as_it_is(go, monkeypatch):
    folder, _ = go("models.tuned.stages.1.epochs=1")
    before, files = times(folder), contents(folder)
    import thresher.images.entries

    monkeypatch.setattr(thresher.images.entries, "read_entry", None)  # nothing is decoded again
    _, told = go("models.tuned.stages.1.epochs=1")
    assert contents(folder) == files
    after = times(folder)
    kept = [name for name in before if name.startswith(("jobs/", "features/", "predictions/"))]
    assert kept
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert told.stages == []
    assert told.said == ["nothing is left to do: this run is finished (--fresh starts anew)"]


def test_what_somebody_deleted_is_made_again(go):
    folder, _ = go("models.tuned=null")
    files = contents(folder)
    for name in ("report.html", "predictions/oof.parquet"):
        (folder / name).unlink()
    (folder / "jobs/frozen/0/fold1/job.json").unlink()
    _, told = go("models.tuned=null")
    assert fitted(told) == ["frozen"]
    changed = {name for name, content in contents(folder).items() if content != files[name]}
    assert changed <= {"metrics.json", "report.html"}  # the seconds in them


def test_changed_views_score_again_without_training(go):
    folder, _ = go()
    before = times(folder)
    _, told = go("models.tuned.views=[plain, hflip, vflip]", "models.frozen.views=[plain, vflip]")
    assert fitted(told) == ["frozen", "frozen", "tuned", "tuned"]
    assert "training stage 2" not in told.stages
    after = times(folder)
    kept = [name for name in before if name.endswith(("checkpoint.safetensors", "history.parquet"))]
    assert len(kept) == 6
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    other, _ = go(
        "models.tuned.views=[plain, hflip, vflip]", "models.frozen.views=[plain, vflip]", out="anew"
    )
    assert scores(folder) == scores(other)
    # How fast training was is still known.
    assert list(json.loads((folder / "metrics.json").read_text())["speed"]) == ["tuned stage 2"]


def test_changed_epochs_train_that_model_again_and_no_other(go):
    folder, _ = go()
    before = times(folder)
    _, told = go("models.tuned.stages.1.epochs=3")
    assert fitted(told) == ["tuned", "tuned"]
    after = times(folder)
    assert {name for name in before if name.startswith("jobs/") and before[name] != after[name]} == {
        name for name in before if name.startswith("jobs/tuned")
    }
    assert len(pd.read_parquet(folder / "jobs/tuned/0/fold0/history.parquet")) == 3
    assert scores(folder) == scores(go("models.tuned.stages.1.epochs=3", out="anew")[0])


def test_models_folds_and_test_photos_that_are_gone_leave_no_scores(go, photos, small, tmp_path):
    folder, _ = go("folds.n=3")
    again = run_here(photos / "train", small, folder, "folds.n=2", "models.tuned=null")
    assert again == folder
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {name for name in names if name.startswith("predictions/")} == {
        "predictions/oof.parquet",
        "predictions/frozen/oof.parquet",
    }
    assert "submission.csv" not in names
    metrics = json.loads((folder / "metrics.json").read_text())
    assert list(metrics["models"]) == ["frozen"]
    assert metrics["speed"] == {}
    assert read_facts(RunFolder(folder)).histories == ()


def test_fresh_keeps_the_old_run_aside(go, tmp_path):
    folder, _ = go("models.tuned=null")
    files = contents(folder)
    for number in (1, 2):
        again, told = go("models.tuned=null", fresh=True)
        assert fitted(told) == ["frozen", "frozen"]
        assert contents(tmp_path / f"run.old-{number}").keys() == files.keys()
        assert scores(tmp_path / f"run.old-{number}") == scores(again)
    assert contents(tmp_path / "run.old-1") == files
    assert sorted(path.name for path in tmp_path.glob("run*")) == ["run", "run.old-1", "run.old-2"]


def test_other_photos_are_another_run(go, own_photos, small, tmp_path):
    folder, _ = go("models.tuned=null")
    (own_photos / "train/red/red00.jpg").unlink()
    told = Told()
    run_here(own_photos / "train", small, folder, "models.tuned=null", progress=told)
    assert fitted(told) == ["frozen", "frozen"]
    assert len(pd.read_parquet(folder / "predictions/oof.parquet")) == 29
