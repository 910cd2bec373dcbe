"""Locks between processes that die with their process, so that none is ever stale (flock)."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)
_UNSUPPORTED = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


class Hold:
    """A lock that is held until `release`, or until the object or the process is gone."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Gives the lock back; calling it twice does no harm."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            self.release()


def hold(path: Path, exclusive: bool, wait: bool = True) -> Hold | None:
    """Takes the lock of a file, which is made where it is absent.

    Args:
        path: the lock file.
        exclusive: alone, or shared with others that share.
        wait: whether to wait for it.

    Returns:
        the lock; None where it is taken and ``wait`` is false, or where the file was removed while we waited.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno not in _READ_ONLY:
            raise
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    held = Hold(descriptor)
    how = (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB)
    try:
        fcntl.flock(descriptor, how)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return None
        # A network disk without locks: files are renamed into place whole, so the worst is work done twice.
        if error.errno not in _UNSUPPORTED:
            raise
    try:
        same = os.stat(path).st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        same = False
    return held if same else None


@contextlib.contextmanager
def alone(path: Path, waiting: Callable[[], object]) -> Iterator[None]:
    """Holds an exclusive lock; ``waiting`` is called once where another process has it."""
    held = hold(path, exclusive=True, wait=False)
    if held is None:
        waiting()
    while held is None:
        held = hold(path, exclusive=True)
    try:
        yield
    finally:
        held.release()
