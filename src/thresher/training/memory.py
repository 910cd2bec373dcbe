"""The C library's allocator set up for training."""

import ctypes
import functools
import sys

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3


@functools.cache
def keep_memory() -> bool:
    """Tells glibc to keep freed memory instead of handing it back to the system after every step.

    By default every large activation is mapped and unmapped anew, and the kernel spends its time zeroing
    pages.

    Returns:
        False where there is no glibc (macOS, musl, Windows); nothing is changed there.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    settings = ((_M_MMAP_THRESHOLD, 1 << 30), (_M_TRIM_THRESHOLD, 1 << 30), (_M_TOP_PAD, 64 << 20))
    return all(mallopt(option, value) == 1 for option, value in settings)
