"""SIGKILL at any moment: the same command goes on, and its scores are the uninterrupted run's bit for bit."""

import numpy as np
import pytest
from pipeline_runs import Trap, call, scores, start

# Files that are written while a run goes on, in their order; each is a place where it may be killed.
FILES = {
    "photos in the cache": "*/photos/*/shard-*.bin",
    "their index": "*/photos/*/shard-*.json",
    "the data set": "*/dataset.parquet",
    "the recipe": "*/recipe.yaml",
    "the first features": "*/features/*/000000.npy",
    "features in one piece": "*/features/*[0-9a-f].npy",
    "the first head": "*/frozen/0/fold0/checkpoint.safetensors",
    "the first scores": "*/frozen/0/fold0/oof.parquet",
    "the first job": "*/frozen/0/fold0/job.json",
    "a state in mid-epoch": "*/tuned/0/fold0/state.pt",
    "trained weights": "*/tuned/0/fold1/checkpoint.safetensors",
    "the last scores of a job": "*/tuned/0/fold1/test.parquet",
    "a model's scores": "*/predictions/frozen/oof.parquet",
    "all scores": "*/predictions/oof.parquet",
    "the metrics": "*/metrics.json",
    "the submission": "*/submission.csv",
}


def finish(photos, small, run, cache, finished):
    """The same command again, to its end, leaves what the uninterrupted run left."""
    done = call(photos, small, run, cache=cache)
    assert done.code == 0, done.text
    assert scores(run) == scores(finished)
    assert (run / "submission.csv").read_bytes() == (finished / "submission.csv").read_bytes()
    assert not [path for path in run.rglob("*") if path.name.endswith((".tmp", "state.pt"))]


def kill_at(name, before, photos, small, tmp_path):
    """Starts the run; it is killed before or after that file has its name."""
    trap = Trap(FILES[name], before=before)
    assert call(photos, small, tmp_path / "run", cache=tmp_path / "cache", trap=trap).code == -9


def test_killed_again_and_again(photos, small, finished, tmp_path):
    for name, before in (
        ("photos in the cache", True),
        ("the first features", False),
        ("a state in mid-epoch", False),
    ):
        kill_at(name, before, photos, small, tmp_path)
    finish(photos, small, tmp_path / "run", tmp_path / "cache", finished)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(FILES))
def test_killed_at_every_file(name, photos, small, finished, tmp_path):
    kill_at(name, True, photos, small, tmp_path)
    left = [path.name for path in tmp_path.rglob("*.tmp")]
    assert len(left) == 1  # half a file, and it has no final name
    kill_at(name, False, photos, small, tmp_path)
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
