"""Work on many photos by as many threads as there are cores: OpenCV and NumPy work without Python's lock."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def side_by_side(function: Callable[..., T], items: Iterable[tuple]) -> Iterator[T]:
    """``function`` of each item's values, in order, never many ahead of the caller."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(cores, thread_name_prefix="photos") as pool:
        for item in items:
            waiting.append(pool.submit(function, *item))
            if len(waiting) > 8 * cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
