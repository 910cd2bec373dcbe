"""The folder of all photo caches, kept below a size: what was used longest ago goes first."""

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from thresher.images.locks import Hold, hold

_IN_USE = "use.lock"
_GONE = ".gone-"


@dataclass(frozen=True)
class Room:
    """The folder that holds one sub-folder per cache, and its upper bound in bytes."""

    root: Path
    limit: int

    def enter(self, key: str) -> Hold:
        """Makes the sub-folder of a cache, marks it as used now, and keeps it while the lock is held."""
        folder = self.root / key
        while True:
            folder.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                if (held := hold(folder / _IN_USE, exclusive=False)) is not None:
                    break
        with contextlib.suppress(OSError):  # a read-only cache can still be read
            os.utime(folder)
        return held

    def reserve(self, size: int, key: str) -> bool:
        """Makes room for ``size`` more bytes of the cache ``key`` by removing others that nobody uses.

        Returns:
            whether they fit. Where they cannot fit, nothing is removed.
        """
        sizes: dict[str, int] = {}
        for folder in [entry for entry in os.scandir(self.root) if entry.is_dir(follow_symlinks=False)]:
            if folder.name.startswith(_GONE):  # left by a process that was killed here
                shutil.rmtree(folder.path, ignore_errors=True)
            else:
                sizes[folder.name] = _size(folder.path)
        others = {name: bytes_ for name, bytes_ in sizes.items() if name != key}
        if sizes.get(key, 0) + size > self.limit:
            return False
        used = sum(sizes.values())
        for name in sorted(others, key=lambda name: _last_use(self.root / name)):
            if used + size <= self.limit:
                break
            if self._remove(name):
                used -= others[name]
        return used + size <= self.limit

    def size(self, key: str) -> int:
        """Bytes of one cache."""
        return _size(str(self.root / key))

    def _remove(self, name: str) -> bool:
        """Removes a cache unless it is in use."""
        try:
            held = hold(self.root / name / _IN_USE, exclusive=True, wait=False)
            if held is None:
                return False
            gone = self.root / f"{_GONE}{os.getpid()}-{name}"
            (self.root / name).rename(gone)  # first the name, so that nobody opens half of it
        except OSError:
            return False
        held.release()
        shutil.rmtree(gone, ignore_errors=True)
        return True


def _size(folder: str) -> int:
    with contextlib.suppress(FileNotFoundError):
        return sum(entry.stat(follow_symlinks=False).st_size for entry in os.scandir(folder))
    return 0


def _last_use(folder: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return folder.stat().st_mtime_ns
    return 0
