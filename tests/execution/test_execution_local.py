"""Several jobs at a time in processes of their own."""

import os
import time
from functools import partial

import pytest

from thresher.errors import RunError
from thresher.execution.local import work_through
from thresher.progress import Progress


class Sum(Progress):
    """Adds up what it is told."""

    def __init__(self):
        self.count, self.facts = 0, set()

    def advance(self, count=1, **facts):
        self.count += count
        self.facts |= set(facts.items())


def begin(shared, progress):
    """In the child: what does one item."""
    import torch

    return partial(do, shared, progress, torch.get_num_threads())


def do(folder, progress, threads, item):
    if item < 0:
        raise RunError(f"item {item}")
    for _ in range(10):
        progress.advance(item, threads=threads)
    (folder / str(item)).write_text(f"{os.getpid()} {os.environ['OMP_NUM_THREADS']}")
    time.sleep(0.1)


def test_all_items_are_done_and_all_reports_arrive(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    told = Sum()
    work_through([1, 2, 3, 4], begin, tmp_path, processes=2, threads=1, progress=told)
    assert (told.count, told.facts) == (100, {("threads", 1)})
    words = [(tmp_path / str(item)).read_text().split() for item in (1, 2, 3, 4)]
    assert str(os.getpid()) not in {pid for pid, _ in words}
    assert {threads for _, threads in words} == {"1"}
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_an_error_in_one_stops_all(tmp_path):
    with pytest.raises(RunError, match="item -1"):
        work_through([-1, *range(1, 100)], begin, tmp_path, processes=1, threads=1, progress=Progress())
    assert len(list(tmp_path.iterdir())) < 99
