"""A run folder that is being worked in: locked, logged, and continued where it stopped."""

import contextlib
import datetime
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thresher.errors import RunError
from thresher.files import digest, explained
from thresher.images.locks import Hold, hold
from thresher.pipeline.environment import command
from thresher.run_folder import RunFolder


class Workspace:
    """Writes and reads the log of a run, and times its stages.

    Args:
        run: the folder.
        writes: False in processes that only follow the first.

    Attributes:
        begun: when work began here, by `time.perf_counter`.
    """

    def __init__(self, run: RunFolder, writes: bool = True) -> None:
        self.run, self.writes = run, writes
        self.begun = time.perf_counter()

    def event(self, name: str, /, **facts: Any) -> None:
        """Appends one line to log.jsonl."""
        if not self.writes:
            return
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, "event": name, **facts}, ensure_ascii=False, default=str)
        with explained(self.run.log), self.run.log.open("ab") as file:
            if file.tell() and not self._whole():
                file.write(b"\n")  # a process was killed in mid-line
            file.write(line.encode(errors="backslashreplace") + b"\n")

    def events(self, name: str) -> list[dict[str, Any]]:
        """All events of a name, over all the times this run was started, oldest first."""
        found = []
        if self.run.log.is_file():
            for line in self.run.log.read_bytes().splitlines():
                with contextlib.suppress(ValueError):  # half a line of a process that was killed
                    entry = json.loads(line)
                    if entry.get("event") == name:
                        found.append(entry)
        return found

    @contextlib.contextmanager
    def stage(self, name: str, **facts: Any) -> Iterator[None]:
        """Times a stage, or a part of one; its seconds are in the log when it ends."""
        start = time.perf_counter()
        yield
        self.event("stage", name=name, **facts, seconds=round(time.perf_counter() - start, 3))

    def seconds(self) -> dict[str, float]:
        """Seconds of each stage, over all the times this run was started."""
        total: dict[str, float] = {}
        for entry in self.events("stage"):
            total[entry["name"]] = round(total.get(entry["name"], 0.0) + entry["seconds"], 3)
        return total

    def _whole(self) -> bool:
        """Whether the last line of the log ends."""
        with self.run.log.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() == b"\n"


@contextlib.contextmanager
def open_workspace(out: str | Path, fresh: bool, writes: bool) -> Iterator[Workspace]:
    """Makes or continues a run folder and holds its lock; the system lets go of it however the process dies.

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
    with _made(run.root):
        lock = _enter(run)
        if fresh and run.log.is_file():
            _set_aside(run)
            lock.release()
            lock = _enter(run)
        for left in run.root.rglob(".*.tmp"):  # of a process that was killed while it wrote
            left.unlink(missing_ok=True)
    space = Workspace(run)
    space.event("start", command=command(), pid=os.getpid())
    try:
        yield space
    except BaseException as error:
        with contextlib.suppress(RunError):  # the disk may be full, which is what the error says
            space.event("stop", error=f"{type(error).__name__}: {error}")
        raise
    finally:
        lock.release()


def finished_run(path: str | Path) -> RunFolder:
    """The folder of a run that is finished, with the recipe that stands in it.

    Raises:
        RunError: it is not one.
    """
    run = RunFolder.existing(path)
    ended = Workspace(run, writes=False).events("finished")
    if not ended or ended[-1]["recipe"] != digest(run.recipe.read_text(encoding="utf-8")):
        raise RunError(
            f"{run.root}: the run is not finished. Give its `thresher run` command again to continue it."
        )
    return run


def _enter(run: RunFolder) -> Hold:
    """Makes the folder where there is none, and locks it."""
    if run.root.exists() and not run.root.is_dir():
        raise RunError(f"{run.root}: is a file, not a folder. Choose another with --out.")
    run.root.resolve().mkdir(parents=True, exist_ok=True)
    # A run writes its log before anything else; only its lock is there earlier.
    if not run.log.is_file() and any(path != run.lock for path in run.root.iterdir()):
        raise RunError(
            f"{run.root}: the folder holds something that is not a run. Choose another with --out."
        )
    lock = hold(run.lock, exclusive=True, wait=False)
    if lock is None:
        owner = run.lock.read_text(encoding="utf-8").strip() or "unknown"
        raise RunError(
            f"{run.root}: another process ({owner}) works in this run folder. "
            "Wait for it, or choose another folder with --out."
        )
    run.lock.write_text(f"pid {os.getpid()}", encoding="utf-8")
    return lock


def _set_aside(run: RunFolder) -> None:
    """Renames the folder to the first free ``<name>.old-<n>``, in one step that no kill can halve."""
    root = run.root.resolve()
    number = 1
    while (aside := root.with_name(f"{root.name}.old-{number}")).exists():
        number += 1
    root.rename(aside)


@contextlib.contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Errors of the system while a folder is made ready, as errors that say what to do."""
    try:
        with explained(folder):
            yield
    except OSError as error:
        raise RunError(
            f"{folder}: cannot be made or used ({error.strerror}). Choose another folder with --out."
        ) from error
