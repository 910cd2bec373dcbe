"""SIGKILL at any moment: the same command goes on, and its scores are the uninterrupted run's bit for bit."""

import numpy as np
import pytest
from pipeline_runs import call, scores, start

# What can be waited for, as patterns of files in the run folder and in the cache.
EVENTS = {
    "the photos are being decoded": ("cache", "photos/*"),
    "the first photos are kept": ("cache", "photos/*/shard-*.json"),
    "the recipe is resolved": ("run", "recipe.yaml"),
    "the first features are there": ("run", "features/*/*.npy"),
    "the first job is done": ("run", "jobs/frozen/0/fold0/oof.parquet"),
    "training is in mid-epoch": ("run", "jobs/tuned/0/fold0/state.pt"),
    "something is half written": ("run", "jobs/tuned/0/fold0/.*.tmp"),
    "the weights are there, the scores not yet": ("run", "jobs/tuned/0/fold1/checkpoint.safetensors"),
    "all jobs are done": ("run", "predictions/frozen/oof.parquet"),
    "the metrics are there, the report not yet": ("run", "metrics.json"),
}


def finish(photos, small, run, cache, finished):
    """The same command again, to its end, leaves what the uninterrupted run left."""
    done = call(photos, small, run, cache=cache)
    assert done.code == 0, done.text
    assert scores(run) == scores(finished)
    assert (run / "submission.csv").read_bytes() == (finished / "submission.csv").read_bytes()
    assert not [path for path in run.rglob("*") if path.name.endswith((".tmp", "state.pt"))]


def kill_at(names, photos, small, tmp_path):
    """Starts the run once for each event, and kills it there; returns how many were hit."""
    hits = 0
    places = {"run": tmp_path / "run", "cache": tmp_path / "cache"}
    for name in names:
        place, pattern = EVENTS[name]
        process = start(photos, small, tmp_path / "run", cache=tmp_path / "cache")
        hits += process.until(lambda: any(places[place].glob(pattern)))  # noqa: B023
        assert process.kill().code in (-9, 0)
    return hits


def test_killed_thrice_and_continued(photos, small, finished, tmp_path):
    names = [
        "the first features are there",
        "training is in mid-epoch",
        "the weights are there, the scores not yet",
    ]
    assert kill_at(names, photos, small, tmp_path) == 3
    finish(photos, small, tmp_path / "run", tmp_path / "cache", finished)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(EVENTS))
def test_killed_at_every_event(name, photos, small, finished, tmp_path):
    kill_at([name], photos, small, tmp_path)
    finish(photos, small, tmp_path / "run", tmp_path / "cache", finished)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_moments(seed, photos, small, finished, tmp_path):
    """Again and again, after delays that are drawn anew, twelve times."""
    random = np.random.default_rng(seed)
    log = tmp_path / "run" / "log.jsonl"
    killed = 0
    for _ in range(12):
        before = log.stat().st_size if log.is_file() else 0
        process = start(photos, small, tmp_path / "run", cache=tmp_path / "cache")
        process.until(lambda: log.is_file() and log.stat().st_size > before)  # noqa: B023
        process.process.join(random.exponential(0.7))
        killed += process.kill().code == -9
    assert killed >= 3
    finish(photos, small, tmp_path / "run", tmp_path / "cache", finished)
