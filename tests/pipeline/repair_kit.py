"""A finder that is easy to reckon with, and photos some of whose labels are wrong."""

import shutil

import numpy as np

from thresher import labels
from thresher.labels.base import Finder, Suspicion, best_other
from thresher.registry import Part

WRONG = {"red00": "blue", "green01": "red", "blue02": "green", "blue03": "green"}
"""Photos and the class that they are put into."""


class Made(Finder):
    """Believes the scores."""

    seen: list = []  # noqa: RUF012  (what it was asked, for tests)

    def find(self, evidence, seed=0):
        Made.seen.append((evidence, seed))
        wrong = 1 - evidence.scores[np.arange(len(evidence.targets)), evidence.targets]
        return Suspicion(wrong, best_other(evidence.scores, evidence.targets), evidence.scores)


class Near(Made):
    """The same, and wants features."""

    needs = ("embeddings",)


class Agreed(Made):
    """The same, and wants several models."""

    needs = ("members",)


def register(monkeypatch):
    """Registers them as made, near and agreed; returns what they are asked."""
    for name in ("made", "near", "agreed"):
        part = Part(name, f"{__name__}:{name.capitalize()}", "of a test")
        monkeypatch.setitem(labels.REGISTRY.parts, name, part)
    monkeypatch.setattr(Made, "seen", [])
    return Made.seen


def ids_of(names):
    """Image ids of photos that were mislabelled."""
    return [f"{label}/{name}.jpg" for name, label in names.items()]


def mislabel(photos, names):
    """Moves photos of ``photos/train`` into the folders of other classes."""
    for name, label in names.items():
        (path,) = (photos / "train").glob(f"*/{name}.jpg")
        shutil.move(path, photos / "train" / label / path.name)
    return photos
