"""What is known of a photo file after it was read once, and reading many of them with a few threads."""

import hashlib
import os
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from thresher.images.decode import BrokenPhoto, decode, read_bytes
from thresher.images.fit import resize

_LONGEST = 4  # a panorama's long side, in sides


@dataclass(frozen=True)
class Entry:
    """What is known of one photo file after it was read once.

    Attributes:
        status: ``ok`` or ``broken``.
        reason: why it is broken.
        content: BLAKE2b of the file's bytes, hex; None where it could not be read.
        width: of the upright photo in the file, pixels; 0 unknown.
        height: likewise.
        pixels: uint8 (H, W, 3) as cached; None for a broken photo.
    """

    status: str
    reason: str | None
    content: str | None
    width: int = 0
    height: int = 0
    pixels: np.ndarray | None = None


def read_entry(path: str, side: int, max_megapixels: float) -> Entry:
    """Reads, hashes, decodes and shrinks one photo; what is wrong with it is in the result, not raised."""
    content = None
    try:
        data = read_bytes(path, max_megapixels)
        content = hashlib.blake2b(data, digest_size=16).hexdigest()
        photo = decode(data, side, max_megapixels)
    except BrokenPhoto as error:
        return Entry("broken", str(error), content)
    pixels = photo.pixels
    height, width = pixels.shape[:2]
    if max(height, width) > _LONGEST * side:
        shrink = _LONGEST * side / max(height, width)
        pixels = resize(pixels, max(1, round(height * shrink)), max(1, round(width * shrink)))
    return Entry("ok", None, content, photo.width, photo.height, np.ascontiguousarray(pixels))


def read_entries(paths: Sequence[str], side: int, max_megapixels: float) -> Generator[Entry, None, None]:
    """Reads many photos with one thread per core, in order, never more than a few ahead of the caller."""
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    pending: deque[Future[Entry]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="photos")
    try:
        for path in paths:
            pending.append(pool.submit(read_entry, path, side, max_megapixels))
            if len(pending) > 4 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
