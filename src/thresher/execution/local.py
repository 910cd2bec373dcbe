"""Several jobs at a time on one machine: processes that share its cores and die with their parent."""

import contextlib
import ctypes
import multiprocessing
import os
import queue
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from typing import Any, TypeVar

from thresher.progress import Progress

T = TypeVar("T")
_PR_SET_PDEATHSIG = 1
_do: Callable[[Any], None] | None = None


class Reports(Progress):
    """Passes advances on to the parent process; what a job starts and finishes is its own affair."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel

    def advance(self, count: int = 1, **facts: float | str) -> None:
        """See `Progress.advance`."""
        self.channel.put((count, facts))


def work_through(
    items: Sequence[T],
    begin: Callable[[Any, Progress], Callable[[T], None]],
    shared: Any,
    processes: int,
    threads: int,
    progress: Progress,
) -> None:
    """Does all items, several at a time; an error in one stops the others and is raised here.

    Args:
        items: what is to be done, picklable.
        begin: called once in every process with ``shared`` and a `Progress`; returns what does one item.
        shared: what all items need, picklable.
        processes: how many work at a time.
        threads: of each process, for PyTorch and for BLAS.
        progress: told of every advance in any process.
    """
    context = multiprocessing.get_context("spawn")
    channel = context.Queue()
    with _threads_of_children(threads):
        pool = ProcessPoolExecutor(
            processes, context, initializer=_enter, initargs=(begin, shared, threads, channel, os.getpid())
        )
        try:
            waiting = {pool.submit(_one, item) for item in items}
            while waiting:
                done, waiting = wait(waiting, timeout=0.2, return_when=FIRST_EXCEPTION)
                with contextlib.suppress(queue.Empty):
                    while True:  # at the end, reports may still be on their way
                        count, facts = channel.get(timeout=0 if waiting else 0.1)
                        progress.advance(count, **facts)
                for future in done:
                    future.result()
        except BaseException:
            for process in list((pool._processes or {}).values()):
                process.kill()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _threads_of_children(threads: int) -> Iterator[None]:
    """Environment in which BLAS and OpenMP of new processes take this number of threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _enter(
    begin: Callable[[Any, Progress], Callable[[Any], None]],
    shared: Any,
    threads: int,
    channel: Any,
    parent: int,
) -> None:
    """Runs once in a new process."""
    global _do
    # Ctrl-C reaches the parent, which stops its children; a killed parent takes them along.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    import torch

    torch.set_num_threads(threads)
    _do = begin(shared, Reports(channel))


def _one(item: Any) -> None:
    assert _do is not None
    _do(item)
