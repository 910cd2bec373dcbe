"""What must be saved in mid-epoch so that a killed job goes on to the same bits."""

import io
import time
from pathlib import Path
from typing import Any

import torch

from thresher.files import write_bytes


class StateFile:
    """Saves the state of a stage every few minutes, whole or not at all.

    Args:
        path: where; its folder is the job's.
        minutes: between two saves; 0 saves after every step.
        key: what is being trained; a state with another key is ignored.
        writes: False in processes that only follow.
    """

    def __init__(self, path: Path, minutes: float, key: str, writes: bool = True) -> None:
        self.path, self.minutes, self.key, self.writes = path, minutes, key, writes
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether it is time to save."""
        return self.writes and time.monotonic() - self._last >= 60 * self.minutes

    def save(self, state: dict[str, Any]) -> None:
        """Writes tensors, numbers, text, lists and mappings of these."""
        buffer = io.BytesIO()
        random = {"cpu": torch.get_rng_state()}
        if torch.cuda.is_available():
            random["cuda"] = torch.cuda.get_rng_state()
        torch.save({"key": self.key, "random": random, **state}, buffer)
        write_bytes(self.path, buffer.getvalue())
        self._last = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """The last state with this key, its random state put back; None when there is none."""
        if not self.path.is_file():
            return None
        state: dict[str, Any] = torch.load(self.path, weights_only=True, map_location="cpu")
        if state["key"] != self.key:
            return None
        torch.set_rng_state(state["random"]["cpu"])
        if torch.cuda.is_available() and "cuda" in state["random"]:
            torch.cuda.set_rng_state(state["random"]["cuda"])
        return state

    def discard(self) -> None:
        """Removes the file; the stage is done."""
        if self.writes:
            self.path.unlink(missing_ok=True)
