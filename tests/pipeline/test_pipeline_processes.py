"""Several processes: worker processes, jobs side by side, and one model trained by two processes (DDP)."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from pipeline_runs import Trap, call, start

SIDE_BY_SIDE = ["--set", "training.jobs=2", "--set", "models.frozen=null"]


def children(pid):
    """Process ids, as Linux knows them; none elsewhere."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


def kill_with_children(process):
    """The parent is killed; its children have to go by themselves."""
    left = children(process.process.pid)
    assert process.kill().code in (-9, 0)
    end = time.monotonic() + 30
    while any(os.path.exists(f"/proc/{child}") for child in left):
        assert time.monotonic() < end, "processes are left"
        time.sleep(0.05)
    return left


def test_jobs_side_by_side_give_the_same_scores_and_can_be_killed(photos, small, finished, tmp_path):
    process = start(photos, small, tmp_path / "run", *SIDE_BY_SIDE, cache=tmp_path / "cache")
    process.until(lambda: any((tmp_path / "run/jobs").glob("*/*/*/state.pt")))
    kill_with_children(process)
    done = call(photos, small, tmp_path / "run", *SIDE_BY_SIDE, cache=tmp_path / "cache")
    assert done.code == 0, done.text
    found, wanted = (
        pd.read_parquet(run / "predictions/tuned/oof.parquet") for run in (tmp_path / "run", finished)
    )
    # Another number of threads may round differently; here it does not, or hardly.
    np.testing.assert_allclose(found.iloc[:, 3:], wanted.iloc[:, 3:], atol=1e-4)
    assert list(found["image_id"]) == list(wanted["image_id"])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for children in /proc")
def test_a_killed_run_leaves_no_worker_behind(photos, small, tmp_path):
    words = ["--set", "training.workers=2", "--set", "models.frozen=null"]
    trap = Trap("*/state.pt", signal.SIGSTOP)
    process = start(photos, small, tmp_path / "run", *words, cache=tmp_path / "cache", trap=trap)
    assert process.until(lambda: any((tmp_path / "run/jobs").glob("tuned/*/*/state.pt")))
    assert len(kill_with_children(process)) >= 2


@pytest.mark.slow
def test_an_error_in_a_job_beside_others_is_told_once(photos, small, tmp_path):
    """The disk is full."""
    done = call(photos, small, tmp_path / "run", *SIDE_BY_SIDE, cache=tmp_path / "cache", most_bytes=600_000)
    assert done.code == 2, done.text
    assert done.text.count("error: ") == 1
    assert "no space left" in done.text
    assert "Traceback" not in done.text


def torchrun(processes, photos, small, out, cache, *more):
    launcher = [
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        processes,
        "-m",
        "thresher",
    ]
    words = ["run", photos / "train", "--test", photos / "test", "--recipe", small, "--out", out, *more]
    return subprocess.run(
        [sys.executable, *map(str, [*launcher, *words])],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "THRESHER_CACHE": str(cache), "OMP_NUM_THREADS": "1"},
    )


@pytest.fixture(scope="module")
def one_process(photos, weights, tmp_path_factory):
    """A run of one process whose training does not depend on how a batch is shared out."""
    from pipeline_runs import SMALL

    folder = tmp_path_factory.mktemp("one")
    recipe = folder / "small.yaml"
    text = (
        SMALL.replace("WEIGHTS", str(weights))
        .replace("dropout: 0.2", "dropout: 0")
        .replace("drop_path: 0.1", "")
    )
    recipe.write_text(text + "        batch_norm: frozen\n")
    done = call(photos, recipe, folder / "run", cache=folder / "cache")
    assert done.code == 0, done.text
    return folder


def test_two_processes_train_one_model(photos, one_process, tmp_path):
    """Photos, features and scores are the first one's work; the gradient steps are shared."""
    recipe, out = one_process / "small.yaml", tmp_path / "run"
    done = torchrun(2, photos, recipe, out, tmp_path / "cache")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("log loss") == 1  # one of them speaks
    for name in ("predictions/oof.parquet", "predictions/test.parquet"):
        found, wanted = (pd.read_parquet(run / name) for run in (out, one_process / "run"))
        np.testing.assert_allclose(found.iloc[:, 3:], wanted.iloc[:, 3:], atol=1e-4)
    losses = [
        pd.read_parquet(run / "jobs/tuned/0/fold0/history.parquet")["train_loss"]
        for run in (out, one_process / "run")
    ]
    np.testing.assert_allclose(*losses, rtol=1e-4)


@pytest.mark.slow
def test_two_processes_continue_and_rescore(photos, one_process, tmp_path):
    """They must agree on what is left to do: nothing, or scores alone."""
    recipe, out = one_process / "small.yaml", tmp_path / "run"
    for words in ([], [], ["--set", "models.tuned.views=[plain]"]):
        done = torchrun(2, photos, recipe, out, tmp_path / "cache", *words)
        assert done.returncode == 0, done.stderr
    assert "training stage" not in done.stderr
    again = call(photos, recipe, one_process / "run", *words, cache=one_process / "cache")
    assert again.code == 0
    found, wanted = (pd.read_parquet(run / "predictions/oof.parquet") for run in (out, one_process / "run"))
    np.testing.assert_allclose(found.iloc[:, 3:], wanted.iloc[:, 3:], atol=1e-4)


@pytest.mark.slow
def test_two_processes_repair_alike(photos, weights, tmp_path):
    """The first one computes features, then both judge the labels; nobody waits for ever."""
    from pipeline_runs import SMALL

    heads = "views: [plain], penalties: [0.01], inner_folds: 2"
    stages = f"stages:\n      - {{kind: repair, {heads}, find: confident_learning, action: drop}}\n"
    text = SMALL.replace("WEIGHTS", str(weights)).replace("stages:\n", stages)
    text = text.replace("dropout: 0.2", "dropout: 0").replace("drop_path: 0.1", "")
    recipe = tmp_path / "small.yaml"
    recipe.write_text(text + "        batch_norm: frozen\n")
    done = torchrun(2, photos, recipe, tmp_path / "two", tmp_path / "cache")
    assert done.returncode == 0, done.stderr
    one = call(photos, recipe, tmp_path / "one", cache=tmp_path / "cache")
    assert one.code == 0, one.text
    for name in ("predictions/oof.parquet", "predictions/tuned/oof.parquet"):
        found, wanted = (pd.read_parquet(tmp_path / run / name) for run in ("two", "one"))
        np.testing.assert_allclose(found.iloc[:, 3:], wanted.iloc[:, 3:], atol=1e-4)
    for run in ("two", "one"):
        assert len(pd.read_parquet(tmp_path / run / "jobs/tuned/0/fold0/labels.parquet"))
