"""From image ids to files: every folder is listed once, no file is looked at on its own."""

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thresher.dataset.scan import EXTENSIONS, is_photo, is_text


@dataclass(frozen=True)
class Files:
    """The files of some image ids.

    Attributes:
        paths: absolute (N,); where there is no file, the path that it should have.
        exists: (N,) bool.
        outside: the id leads out of the image folder (N,) bool.
        extended: how many ids were found by adding an extension.
        unlisted: photos that lie in the same folders and belong to no id.
    """

    paths: np.ndarray
    exists: np.ndarray
    outside: np.ndarray
    extended: int
    unlisted: int


class _Folder:
    """The files of one folder by name, by name without extension, and by name in the other Unicode form."""

    def __init__(self, path: str) -> None:
        self.names: set[str] = set()
        try:
            with os.scandir(path) as entries:
                self.names.update(
                    entry.name for entry in entries if not entry.is_dir() and is_text(entry.name)
                )
        except (OSError, ValueError):  # not there: all its photos are missing
            pass
        self._loose: dict[str, str] | None = None

    def find(self, name: str) -> str | None:
        """The name of the file: as it stands, else in the other Unicode form, else with an extension."""
        if name in self.names:
            return name
        if self._loose is None:
            self._loose = {}
            order = {extension: place for place, extension in enumerate(EXTENSIONS)}
            ending = {known: os.path.splitext(known)[1].lower() for known in self.names}
            for known in sorted(self.names, key=lambda known: (order.get(ending[known], 99), known)):
                if ending[known] in order:
                    self._loose.setdefault(_composed(os.path.splitext(known)[0]), known)
            self._loose.update({_composed(known): known for known in sorted(self.names)})
        return self._loose.get(_composed(name))


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)  # macOS writes letters and accents apart, tables do not


def find_files(ids: Sequence[str] | np.ndarray, images: Path) -> Files:
    """Looks up the file of every image id.

    Args:
        ids: paths relative to ``images``, or absolute ones (N,); a missing extension is looked up.
        images: the image folder.
    """
    root = os.path.abspath(images)
    folders: dict[str, _Folder] = {}
    paths, extended = [], 0
    exists, outside = np.zeros(len(ids), dtype=bool), np.zeros(len(ids), dtype=bool)
    for row, name in enumerate(ids):
        place = name
        if "./" in name or "//" in name or name[0] == "/" or name[-2:] == "..":
            place = _inside(name, root)
            outside[row] = place[0] == "/"
        head, _, tail = place.rpartition("/")
        where = head if outside[row] else f"{root}/{head}" if head else root
        folder = folders.get(where)
        if folder is None:
            folder = folders[where] = _Folder(where)
        known = folder.find(tail)
        exists[row] = known is not None
        extended += known is not None and known != tail and not is_photo(tail)
        paths.append(f"{where}/{tail if known is None else known}")
    listed = np.array(paths, dtype=object)
    photos = sum(is_photo(name) for folder in folders.values() for name in folder.names if name[0] != ".")
    used = sum(is_photo(path) for path in set(listed[exists]) if os.path.basename(path)[0] != ".")
    return Files(listed, exists, outside, extended, photos - used)


def _inside(name: str, root: str) -> str:
    """The path relative to ``root``; an absolute one where it leads outside."""
    path = os.path.normpath(os.path.join(root, name))
    return path[len(root.rstrip("/")) + 1 :] if path.startswith(root.rstrip("/") + "/") else path
