"""What experiments keep of what they measured, and on which machine."""

import json
import os
import platform
from pathlib import Path
from typing import Any

import torch


class Results:
    """One JSON object a line; what is there is not done again."""

    def __init__(self, work: Path) -> None:
        self.path = work / "results.jsonl"
        self.known: dict[str, dict[str, Any]] = {}
        for line in self.path.read_text().splitlines() if self.path.is_file() else ():
            try:
                one = json.loads(line)
            except ValueError:  # the end of a run that was killed
                continue
            self.known[one["key"]] = one

    def add(self, one: dict[str, Any]) -> None:
        """Appends a result."""
        self.known[one["key"]] = one
        with self.path.open("a+b") as file:
            if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
                file.write(b"\n")
            file.write(json.dumps(one).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def machine() -> str:
    """What the numbers were computed on, in a few words."""
    threads = f"{torch.get_num_threads()} threads"
    return f"{platform.machine()}, {threads}, torch {torch.__version__}, Python {platform.python_version()}"
