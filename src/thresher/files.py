"""Files that are whole or absent: written under a temporary name, synced, then renamed."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from thresher.errors import RunError


def write_atomic(path: Path | str, write: Callable[[BinaryIO], object]) -> Path:
    """Calls ``write`` on a temporary file beside ``path`` and renames it when all of it is on disk.

    Raises:
        RunError: the disk is full, or the folder cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    return path


def link_whole(source: Path, target: Path) -> None:
    """Puts a file that nobody changes in another place too, in one move; a copy where there are no links."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:  # another disk, or one without links
        shutil.copy2(source, temporary)
    temporary.replace(target)
    temporary.unlink(missing_ok=True)  # renaming one link of a file onto another one leaves both


@contextlib.contextmanager
def explained(path: Path | str) -> Iterator[None]:
    """Turns the operating system's 'disk full' and 'not allowed' into an error that says what to do."""
    try:
        yield
    except OSError as error:
        short = error.errno is None and str(error).endswith("written")  # half a write, as NumPy tells it
        if short or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise RunError(
                f"{path}: no space left on the disk. What was finished is kept; free some space "
                "and give the same command again to continue."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise RunError(
                f"{path}: cannot be written ({os.strerror(error.errno)}). Choose another folder with --out."
            ) from error
        raise


def write_bytes(path: Path | str, data: bytes) -> Path:
    """Writes bytes atomically."""
    return write_atomic(path, lambda file: file.write(data))


def write_text(path: Path | str, text: str) -> Path:
    """Writes UTF-8 text atomically."""
    return write_bytes(path, text.encode())


def write_json(path: Path | str, value: Any) -> Path:
    """Writes JSON atomically: sorted keys are not wanted (order carries meaning), indented for people."""
    return write_text(path, json.dumps(value, indent=2, ensure_ascii=False, default=_plain) + "\n")


def read_json(path: Path | str) -> Any:
    """Reads a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def digest(value: Any) -> str:
    """A short hash of anything that JSON can hold; the order of keys does not matter."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def _plain(value: Any) -> Any:
    """NumPy scalars, arrays and paths as JSON knows them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
