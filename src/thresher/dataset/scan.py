"""Which photo files a folder holds."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from thresher.errors import DataError

EXTENSIONS = (
    ".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".jfif", ".jpe", ".ppm", ".pgm",
    ".pbm", ".pnm", ".jp2", ".avif",
)  # fmt: skip
"""Names that count as photos, in the order in which a missing extension is tried."""


@dataclass
class Scan:
    """What `scan` found: photos as posix paths relative to the folder, sorted, and counts of the rest."""

    photos: list[str] = field(default_factory=list)
    hidden: int = 0
    others: int = 0
    odd_names: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What was skipped, for people."""
        rest = ((self.hidden, "hidden"), (self.others, "not photos by their extension"))
        notes = [f"skipped {count:,} files or folders that are {what}" for count, what in rest if count]
        if self.odd_names:
            notes.append(f"skipped {self.odd_names:,} files whose names are not valid UTF-8")
        return tuple(notes)


def is_photo(name: str) -> bool:
    """Whether a file name has the extension of a photo."""
    return os.path.splitext(name)[1].lower() in EXTENSIONS


def is_hidden(name: str) -> bool:
    """Whether a file or folder is none of the user's: dot files, and what macOS adds to archives."""
    return name.startswith(".") or name == "__MACOSX"


def is_text(name: str) -> bool:
    """Whether a file name is valid Unicode; others cannot be written into any table."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def scan(folder: Path) -> Scan:
    """Lists all photos below a folder, links to folders included, each folder once.

    Raises:
        DataError: it, or a folder in it, cannot be read.
    """
    found = Scan()
    seen: set[tuple[int, int]] = set()
    todo = [("", str(folder))]
    while todo:
        prefix, path = todo.pop()
        try:
            here = os.stat(path)
            if (here.st_dev, here.st_ino) in seen:
                continue
            seen.add((here.st_dev, here.st_ino))
            with os.scandir(path) as entries:
                for entry in entries:
                    if is_hidden(entry.name):
                        found.hidden += 1
                    elif not is_text(entry.name):
                        found.odd_names += 1
                    elif entry.is_dir():
                        todo.append((f"{prefix}{entry.name}/", entry.path))
                    elif is_photo(entry.name):
                        found.photos.append(prefix + entry.name)
                    else:
                        found.others += 1
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    found.photos.sort()
    return found
