"""The token that opens the page: the same for a run after a restart, unknown to anybody else."""

import contextlib
import hashlib
import hmac
import os
import secrets
import time
from pathlib import Path

_NAME = "review.key"
_DAYS = 7


def token(run_key: str) -> str:
    """The token of a run for the person whose cache folder this is.

    An open page goes on after the server was killed and started again, so the token must outlive the server.
    It is derived from a secret that only its owner can read and that is replaced after a week.

    Args:
        run_key: names the run.

    Returns:
        32 hexadecimal digits; a fresh one each time where no secret can be kept.
    """
    return hmac.new(_secret(), run_key.encode(), hashlib.sha256).hexdigest()[:32]


def _secret() -> bytes:
    path = Path(os.environ.get("THRESHER_CACHE") or "~/.cache/thresher").expanduser() / _NAME
    with contextlib.suppress(OSError):
        known = path.stat()
        private = known.st_uid == os.getuid() and not known.st_mode & 0o077
        if private and time.time() - known.st_mtime < _DAYS * 86_400 and known.st_size >= 32:
            return path.read_bytes()
    fresh = secrets.token_bytes(32)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{_NAME}.{os.getpid()}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(fresh)
        temporary.replace(path)
    return fresh
