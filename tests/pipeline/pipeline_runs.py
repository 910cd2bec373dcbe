"""`thresher run` in processes of their own, which may be killed; they start quickly, as forks of a server."""

import multiprocessing
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {"blue": (70, 80, 150), "green": (70, 130, 90), "red": (150, 90, 80)}

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["thresher.pipeline.run", "thresher.cli.app", "pandas", "sklearn.metrics"])

SMALL = """\
folds: {name: stratified, n: 2}
metrics: {resamples: 100}
training: {checkpoint_minutes: 0, jobs: 1}
models:
  frozen: &small
    backbone: test_efficientnet
    weights: WEIGHTS
    image_size: 32
    engine: torch
    precision: fp32
    score_batch: 8
    stages:
      - {kind: linear, views: [plain, hflip], penalties: [0.001, 0.01], inner_folds: 2}
  tuned:
    backbone: test_efficientnet
    weights: WEIGHTS
    image_size: 32
    engine: torch
    precision: fp32
    score_batch: 8
    dropout: 0.2
    drop_path: 0.1
    stages:
      - {kind: linear, views: [plain, hflip], penalties: [0.001, 0.01], inner_folds: 2}
      - kind: train
        epochs: 2
        batch_size: 6
        precision: fp32
        averaging: {name: ema, decay: 0.9}
"""


def make_photo(colour, seed):
    """A noisy patch of one colour with a brighter square somewhere."""
    random = np.random.default_rng(seed)
    photo = np.array(colour, np.float32) + random.normal(0, 60, (40, 48, 3))
    top, left = random.integers(0, 28), random.integers(0, 36)
    photo[top : top + 12, left : left + 12] += 50
    return Image.fromarray(photo.clip(0, 255).astype(np.uint8))


def save_photos(root, each=10):
    """Class folders in ``root/train`` and photos without labels in ``root/test``."""
    for number, (name, colour) in enumerate(COLOURS.items()):
        (root / "train" / name).mkdir(parents=True)
        for index in range(each):
            photo = make_photo(colour, 100 * number + index)
            photo.save(root / "train" / name / f"{name}{index:02d}.jpg", quality=92)
    (root / "test").mkdir()
    for index, colour in enumerate([*COLOURS.values()] * 2):
        make_photo(colour, 900 + index).save(root / "test" / f"t{index}.jpg", quality=92)
    return root


@dataclass
class Done:
    """How a process ended: its exit code (negative: the signal) and what it wrote to stdout and stderr."""

    code: int
    text: str


@dataclass
class Trap:
    """Sends its own process a signal when a file gets its name: before, when it is half a file, or after.

    ``files`` is a shell pattern of the whole path.
    """

    files: str
    signal: int = signal.SIGKILL
    before: bool = False

    def set(self):
        rename = Path.replace

        def replace(path, target):
            hit = fnmatch(str(target), self.files)
            if hit and self.before:
                os.kill(os.getpid(), self.signal)
            renamed = rename(path, target)
            if hit and not self.before:
                os.kill(os.getpid(), self.signal)
            return renamed

        Path.replace = replace


class Started:
    """A process that runs one command; its output goes to a file."""

    def __init__(self, words, cache, log, most_bytes=None, trap=None):
        self.log = Path(log)
        given = ([str(word) for word in words], str(cache), str(log), most_bytes, trap)
        self.process = SERVER.Process(target=_command, args=given)
        self.process.start()

    def kill(self):
        self.process.kill()
        return self.wait()

    def wait(self, seconds=120):
        self.process.join(seconds)
        assert self.process.exitcode is not None, f"still running: {self.log.read_text()}"
        return Done(self.process.exitcode, self.log.read_text())

    def until(self, event, seconds=120):
        """Waits until ``event()`` is true; whether it was before the process ended."""
        end = time.monotonic() + seconds
        while self.process.is_alive():
            if event():
                return True
            assert time.monotonic() < end, f"nothing happened: {self.log.read_text()}"
            time.sleep(0.001)
        return False


def start(photos, recipe, out, *more, cache, log=None, **options):
    """`thresher run` on made photos."""
    words = ["run", photos / "train", "--test", photos / "test", "--recipe", recipe, "--out", out, *more]
    return Started(words, cache, log or f"{out}.txt", **options)


def call(*words, **options):
    """`thresher run` on made photos, to its end; see `start`."""
    return start(*words, **options).wait()


def run_here(data, recipe, out, *overrides, images=None, test=None, **options):
    """The same in this process, through Python; returns the run folder's path."""
    from thresher.dataset.open import open_dataset
    from thresher.pipeline.run import run
    from thresher.recipe.loader import load

    loaded = load(recipe, overrides)
    dataset = open_dataset(data, images, test, loaded.data)
    return run(dataset, loaded, out, **options).root


def _command(words, cache, log, most_bytes, trap):
    """In the process: the command line as a user calls it."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout = sys.stderr = os.fdopen(descriptor, "w", buffering=1)
    os.environ["THRESHER_CACHE"] = cache
    if most_bytes is not None:  # a write beyond it fails with 'file too large', much like a full disk
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    if trap is not None:
        trap.set()
    from thresher.cli import main

    main(words)


def scores(run):
    """The bytes of all score files of a run, by name."""
    return {
        path.relative_to(run).as_posix(): path.read_bytes()
        for path in (run / "predictions").rglob("*.parquet")
    }
