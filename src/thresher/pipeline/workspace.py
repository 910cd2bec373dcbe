"""A run folder that is being worked in: locked, logged, and continued where it stopped."""

import contextlib
import datetime
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thresher._version import __version__
from thresher.errors import RunError
from thresher.files import explained, write_json
from thresher.run_folder import RunFolder

PACKAGES = (
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "pandas",
    "scikit-learn",
    "opencv-python-headless",
    "onnxruntime",
    "openvino",
)


class Workspace:
    """Writes the log of a run and times its stages.

    Args:
        run: the folder.
        writes: False in processes that only follow the first.
    """

    def __init__(self, run: RunFolder, writes: bool = True) -> None:
        self.run, self.writes = run, writes

    def event(self, name: str, /, **facts: Any) -> None:
        """Appends one line to log.jsonl."""
        if not self.writes:
            return
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, "event": name, **facts}, ensure_ascii=False, default=str)
        with explained(self.run.log), self.run.log.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times a stage; its seconds are in the log when it ends."""
        start = time.perf_counter()
        yield
        self.event("stage", name=name, seconds=round(time.perf_counter() - start, 3))

    def seconds(self) -> dict[str, float]:
        """Seconds of each finished stage, over all the times this run was started."""
        total: dict[str, float] = {}
        with self.run.log.open(encoding="utf-8") as file:
            for line in file:
                with contextlib.suppress(ValueError):
                    entry = json.loads(line)
                    if entry.get("event") == "stage":
                        total[entry["name"]] = round(total.get(entry["name"], 0.0) + entry["seconds"], 3)
        return total


@contextlib.contextmanager
def open_workspace(out: str | Path, fresh: bool, writes: bool) -> Iterator[Workspace]:
    """Makes or continues a run folder and holds its lock.

    Args:
        out: the folder.
        fresh: start anew; what is there is kept beside it under another name.
        writes: False in processes that only follow the first; they take no lock.

    Raises:
        RunError: another process works there, the folder cannot be written, or it holds something else.
    """
    run = RunFolder(Path(out))
    if not writes:
        yield Workspace(run, writes=False)
        return
    if run.root.is_dir() and any(run.root.iterdir()) and not (run.recipe.is_file() or run.log.is_file()):
        raise RunError(
            f"{run.root}: the folder holds something that is not a run. Choose another with --out."
        )
    with explained(run.root):
        if run.root.exists() and not run.root.is_dir():
            raise RunError(f"{run.root}: is a file, not a folder. Choose another with --out.")
        run.root.mkdir(parents=True, exist_ok=True)
        with _locked(run):
            if fresh and run.log.is_file():
                _set_aside(run)
            space = Workspace(run)
            space.event("start", command=sys.argv, pid=os.getpid())
            write_json(run.environment, environment())
            yield space
            space.event("end")


@contextlib.contextmanager
def _locked(run: RunFolder) -> Iterator[None]:
    """Holds the lock of a run folder; the system lets go of it when the process dies, however it dies."""
    import fcntl

    with run.lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise RunError(
                f"{run.root}: another process ({file.read().strip() or 'unknown'}) works in this run folder. "
                "Wait for it, or choose another folder with --out."
            ) from None
        file.truncate(0)
        file.write(f"pid {os.getpid()}")
        file.flush()
        yield


def _set_aside(run: RunFolder) -> None:
    """Moves what an earlier run left into the first free ``<name>.old-<n>`` beside the folder."""
    number = 1
    while (aside := run.root.with_name(f"{run.root.name}.old-{number}")).exists():
        number += 1
    aside.mkdir()
    for path in run.root.iterdir():
        if path != run.lock:
            path.rename(aside / path.name)


def environment() -> dict[str, Any]:
    """Versions and machine, for environment.json."""
    from importlib.metadata import PackageNotFoundError, version

    import torch

    packages = {}
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            packages[name] = version(name)
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return {
        "thresher": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpus": gpus,
        "packages": packages,
        "command": sys.argv,
    }


def _processor() -> str:
    """The processor's name as Linux knows it, else as Python does."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
