"""Photos as the page shows them: by row of the data set, upright, as JPEG of three sizes."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from thresher.images.decode import BrokenPhoto, read_photo
from thresher.images.fit import resize
from thresher.web.suspects import NotHere

SIDES = {"small": 256, "large": 1600, "full": 8192}
"""Longest side in pixels of each size that is served; nothing is enlarged."""
_TINY = 512
_REMEMBERED = 96 * 2**20
_AT_ONCE = 2


class Photos:
    """Encodes photos and remembers the latest ones; a path never comes from outside."""

    def __init__(self, paths: Sequence[str]) -> None:
        """Takes the paths of all photos, by row."""
        self._paths = paths
        self._lock = threading.Lock()
        self._decoding = threading.Semaphore(_AT_ONCE)  # a photo of 200 megapixels takes 600 MB
        self._made: OrderedDict[tuple[int, str], bytes] = OrderedDict()
        self._bytes = 0

    def get(self, row: int, size: str) -> bytes:
        """One photo as JPEG.

        Args:
            row: of the data set's suspects, 0 to N - 1.
            size: a key of `SIDES`.

        Raises:
            BrokenPhoto: it cannot be read; the text says why.
            NotHere: no such row or size.
        """
        if not 0 <= row < len(self._paths) or size not in SIDES:
            raise NotHere(f"no photo {row} of size {size}")
        key = row, size
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
        with self._decoding:
            data = encode(str(self._paths[row]), SIDES[size])
        with self._lock:
            self._remember(key, data)
        return data

    def _remember(self, key: tuple[int, str], data: bytes) -> None:
        if key not in self._made:
            self._made[key] = data
            self._bytes += len(data)
        while self._bytes > _REMEMBERED and len(self._made) > 1:
            self._bytes -= len(self._made.popitem(last=False)[1])


def encode(path: str, side: int) -> bytes:
    """Reads a photo and packs it as JPEG.

    Args:
        path: the file.
        side: its longest side in pixels, at most.

    Raises:
        BrokenPhoto: it cannot be read.
    """
    import simplejpeg

    try:
        photo = read_photo(path, side)
    except OSError as error:
        raise BrokenPhoto(f"cannot be read: {error.strerror or error}") from error
    height, width = photo.shape[:2]
    scale = side / max(height, width)
    if scale < 1:
        photo = resize(photo, max(1, round(height * scale)), max(1, round(width * scale)))
    tiny = max(photo.shape) <= _TINY  # shown larger than it is: blocks of JPEG would be seen
    return bytes(
        simplejpeg.encode_jpeg(
            np.ascontiguousarray(photo),
            quality=95 if tiny and side > _TINY else 88,
            colorspace="RGB",
            colorsubsampling="444" if tiny else "420",
        )
    )
