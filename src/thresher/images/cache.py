"""Photos decoded once: shrunk, kept as bytes in mapped files that folds, epochs and processes share."""

import contextlib
import hashlib
import operator
import os
import stat
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from thresher.errors import RunError
from thresher.files import explained
from thresher.images.decode import VERSION, BrokenPhoto
from thresher.images.entries import Entry, read_entries, read_entry
from thresher.images.locks import Hold, alone
from thresher.images.room import Room
from thresher.images.shards import Index, drop_photos, open_photos, read_index, write_shard
from thresher.progress import SILENT, Progress

if TYPE_CHECKING:
    from thresher.recipe.schema import ImagesSection

_SHARD_BYTES = 64e6
_OPEN_MAPS = 256  # each holds a file descriptor


class PhotoCache:
    """All photos of a data set, as `cache[row]`; make one with `open`.

    Attributes:
        status: ``ok``, ``broken`` or ``missing`` per row (N,).
        reason: why a row is not ok (N,), text or None.
        width: of the upright photo in the file (N,), pixels; 0 unknown.
        height: likewise (N,).
        content: hash of the file's bytes (N,), hex; None where it could not be read.
        decoded: photos that `open` had to decode.
    """

    def __init__(self, paths: Sequence[str | os.PathLike[str]], side: int, max_megapixels: float) -> None:
        self.paths = [os.path.abspath(path) for path in paths]
        self.side = side
        self.max_megapixels = max_megapixels
        self.decoded = 0
        count = len(self.paths)
        self.status = np.full(count, "missing", dtype=object)
        self.reason = np.full(count, "no such file", dtype=object)
        self.content = np.full(count, None, dtype=object)
        self.width, self.height = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self._offset = np.full(count, -1, np.int64)  # in the shard's file; -1: not stored
        self._shape = np.zeros((count, 2), np.int32)
        self._shard = np.full(count, -1, np.int32)
        self._folder: Path | None = None
        self._hold: Hold | None = None
        self._maps: dict[int, np.ndarray | None] = {}

    @classmethod
    def open(
        cls,
        paths: Sequence[str | os.PathLike[str]],
        side: int,
        images: "ImagesSection",
        progress: Progress = SILENT,
    ) -> "PhotoCache":
        """Reads and checks every photo, or finds what an earlier call, here or in another process, has kept.

        Args:
            paths: one photo file per row.
            side: photos whose short side is longer are shrunk to it; pixels.
            images: where the cache is, how large it may become, which photos are too large.
            progress: told of every photo that is decoded.

        Raises:
            RunError: the cache cannot be written.
        """
        cache = cls(paths, side, images.max_megapixels)
        present, key = cache._stat_all()
        per_shard = int(np.clip(_SHARD_BYTES / (4 * side * side), 8, 256))
        shards = [present[start : start + per_shard] for start in range(0, len(present), per_shard)]
        if not shards:
            return cache
        if images.cache_gb == 0:
            for _ in cache._read(shards, range(len(shards)), progress):
                pass
            return cache
        root = Path(images.cache_dir or os.environ.get("THRESHER_CACHE") or "~/.cache/thresher").expanduser()
        with _advised(root / "photos"):
            room = Room(root / "photos", int(images.cache_gb * 1e9))
            cache._hold = room.enter(key)
            cache._folder = room.root / key
            cache._shrink(room)
            cache._build(shards, room, progress)
        return cache

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> np.ndarray:
        """The pixels of a photo, uint8 (H, W, 3): a read-only view where they are cached.

        Raises:
            BrokenPhoto: the photo is broken or missing.
        """
        row = operator.index(row)
        if self.status[row] != "ok":
            raise BrokenPhoto(self.reason[row])
        bytes_ = self._bytes(int(self._shard[row])) if self._offset[row] >= 0 else None
        if bytes_ is None:
            entry = read_entry(self.paths[row], self.side, self.max_megapixels)
            if entry.pixels is None:
                raise BrokenPhoto(entry.reason or "it changed while it was in use")
            return entry.pixels
        height, width = self._shape[row].tolist()
        start = int(self._offset[row])
        return bytes_[start : start + 3 * height * width].reshape(height, width, 3)

    def __getstate__(self) -> dict[str, Any]:
        """Without maps, so that a worker process gets a few bytes per photo and opens the files itself."""
        return {**self.__dict__, "_maps": {}, "_hold": None}

    def _bytes(self, shard: int) -> np.ndarray | None:
        # Several threads read photos: a map that another thread drops stays valid in the local name.
        try:
            return self._maps[shard]
        except KeyError:
            assert self._folder is not None
            opened = open_photos(self._folder, shard)
            for oldest in list(self._maps)[: max(0, len(self._maps) - _OPEN_MAPS + 1)]:
                self._maps.pop(oldest, None)
            self._maps[shard] = opened
            return opened

    def _stat_all(self) -> tuple[np.ndarray, str]:
        """The rows that have a file, and a key that changes when one of these files does."""
        present = []
        key = hashlib.blake2b(f"{VERSION} {self.side} {self.max_megapixels}".encode(), digest_size=16)
        for row, path in enumerate(self.paths):
            try:
                known = os.stat(path)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, ValueError) as error:  # not allowed, too long, a NUL in the name
                self.status[row], self.reason[row] = "broken", f"cannot be read: {error}"
                continue
            if not stat.S_ISREG(known.st_mode):
                self.status[row] = "broken"
                self.reason[row] = (
                    "a folder, not a photo" if stat.S_ISDIR(known.st_mode) else "not a plain file"
                )
                continue
            present.append(row)
            key.update(os.fsencode(path) + f"\0{known.st_size}\0{known.st_mtime_ns}\0".encode())
        return np.array(present, dtype=np.int64), key.hexdigest()

    def _build(self, shards: list[np.ndarray], room: Room, progress: Progress) -> None:
        """Takes over the shards that are there and makes the others, unless another process makes them."""
        assert self._folder is not None
        folder, key = self._folder, self._folder.name
        todo = [number for number in range(len(shards)) if not self._find(shards, number, room)]
        if not todo:
            return
        waiting = "another process is reading the same photos: waiting for it"
        with alone(folder / "build.lock", lambda: progress.say(waiting)):
            todo = [number for number in todo if not self._find(shards, number, room)]
            for left in folder.glob(".*.tmp"):  # of a process that was killed
                left.unlink(missing_ok=True)
            for number, entries in self._read(shards, todo, progress):
                size = sum(entry.pixels.nbytes for entry in entries if entry.pixels is not None)
                index = write_shard(folder, number, entries, room.reserve(size, key))
                self._take(shards[number], number, index)

    def _shrink(self, room: Room) -> None:
        """Keeps to a bound that was lowered since the photos were stored."""
        assert self._folder is not None
        room.reserve(0, self._folder.name)
        for photos in sorted(self._folder.glob("shard-*.bin"), reverse=True):
            if room.size(self._folder.name) <= room.limit:
                break
            drop_photos(self._folder, int(photos.stem.partition("-")[2]))

    def _find(self, shards: list[np.ndarray], number: int, room: Room) -> bool:
        """Takes over a shard; not one that had no room when it was made and would have now."""
        assert self._folder is not None
        index = read_index(self._folder, number, len(shards[number]))
        if index is None or (not index.stored and room.reserve(index.size, self._folder.name)):
            return False
        self._take(shards[number], number, index)
        return True

    def _read(
        self, shards: list[np.ndarray], numbers: Sequence[int], progress: Progress
    ) -> Iterator[tuple[int, list[Entry]]]:
        """Decodes shards one after the other; at most one and a few photos more are in memory."""
        total = sum(len(shards[number]) for number in numbers)
        if not total:
            return
        progress.start("photos", total)
        paths = [self.paths[row] for number in numbers for row in shards[number]]
        with contextlib.closing(read_entries(paths, self.side, self.max_megapixels)) as stream:
            for number in numbers:
                entries = []
                for row, entry in zip(shards[number], islice(stream, len(shards[number])), strict=True):
                    self.status[row], self.reason[row], self.content[row] = (
                        entry.status,
                        entry.reason,
                        entry.content,
                    )
                    self.width[row], self.height[row] = entry.width, entry.height
                    entries.append(entry)
                    progress.advance()
                self.decoded += len(entries)
                yield number, entries
        progress.finish()

    def _take(self, rows: np.ndarray, number: int, index: Index) -> None:
        """Notes what an index says of its photos."""
        self.status[rows], self.reason[rows], self.content[rows] = index.status, index.reason, index.content
        self.width[rows], self.height[rows] = index.width, index.height
        self._shape[rows] = np.stack([index.rows, index.columns], axis=1)
        self._shard[rows] = number
        self._offset[rows] = index.offset if index.stored else -1


@contextlib.contextmanager
def _advised(root: Path) -> Iterator[None]:
    """Errors of the cache folder say how to choose another."""
    advice = (
        "This is the photo cache: choose another folder with --set images.cache_dir=DIR or $THRESHER_CACHE, "
    )
    advice += "or keep nothing with --set images.cache_gb=0."
    try:
        with explained(root):
            yield
    except RunError as error:
        raise RunError(
            f"{str(error).replace('Choose another folder with --out.', '').strip()} {advice}"
        ) from error
    except (NotADirectoryError, FileExistsError) as error:
        raise RunError(f"{root}: cannot be written ({error.strerror}). {advice}") from error
