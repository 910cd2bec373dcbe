"""Copies of photos, exact and near: candidates by hash and by embedding, each looked at pixel by pixel."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import pandas as pd

from thresher.inspect.clusters import components
from thresher.inspect.greys import Photos, grey, squeeze
from thresher.inspect.look import Look
from thresher.inspect.neighbours import neighbour_candidates
from thresher.inspect.perceptual_hash import (
    SIDE,
    Candidates,
    hash_candidates,
    hash_distance,
    hashes,
    is_plain,
)
from thresher.inspect.threads import side_by_side
from thresher.progress import SILENT, Progress

VERSION = 1
"""Raised when the same photos would give other links than before."""


@dataclass(frozen=True)
class Link:
    """Two photos that show the same.

    Attributes:
        first, second: rows, first < second.
        kind: one of `thresher.inspect.clusters.KINDS`.
        distance: bits in which their perceptual hashes differ, in the best way to lay the second down.
        agreement: mean correlation of their tiles, laid on each other, -1..1.
    """

    first: int
    second: int
    kind: str
    distance: int
    agreement: float


def find_links(
    photos: Photos,
    rows: np.ndarray,
    content: Sequence[str | None] | np.ndarray,
    embeddings: np.ndarray | None = None,
    progress: Progress = SILENT,
) -> pd.DataFrame:
    """Pairs of copies, enough of them to join all copies of a photo.

    Args:
        photos: by row.
        rows: readable rows (R,), ascending.
        content: hash of each row's file (N,), None where unknown.
        embeddings: float (R, D) of ``rows``; without them crops are not found.
        progress: told of every photo.

    Returns:
        one row per `Link`, ordered by ``first`` and ``second``.
    """
    links = list(_exact(rows, np.asarray(content, dtype=object)[rows]))
    alone = ~np.isin(rows, [link.second for link in links])
    progress.start("near duplicates", len(rows))
    greys = np.empty((len(rows), SIDE, SIDE), np.uint8)
    small = side_by_side(lambda row: squeeze(grey(photos, row), SIDE), ((int(row),) for row in rows))
    for place, one in enumerate(small):
        greys[place] = one
        progress.advance()
    found, alone = hashes(greys), alone & ~is_plain(greys)
    del greys
    look = Look(photos, rows)
    near, doubtful = _by_hash(look, hash_candidates(found, alone))
    if embeddings is not None:
        places = np.flatnonzero(alone)
        one, other = neighbour_candidates(embeddings[places])
        doubtful |= set(zip(places[one].tolist(), places[other].tolist(), strict=True))
    joined = components(len(rows), near)  # what is joined already needs no more looks
    todo = sorted(pair for pair in doubtful if joined[pair[0]] != joined[pair[1]])
    verdicts = side_by_side(look.by_features, todo)
    near |= {pair: verdict for pair, verdict in zip(todo, verdicts, strict=True) if verdict is not None}
    progress.finish()
    for (first, second), verdict in near.items():
        distance = hash_distance(found[first], found[second])
        links.append(Link(int(rows[first]), int(rows[second]), verdict.kind, distance, verdict.agreement))
    table = pd.DataFrame([astuple(link) for link in links], columns=list(Link.__annotations__))
    return table.sort_values(["first", "second"], ignore_index=True)


def _by_hash(look: Look, candidates: Candidates) -> tuple[dict[tuple[int, int], Any], set[tuple[int, int]]]:
    """Candidates whose wholes agree, with the verdict, and those that deserve a closer look."""
    turns: dict[tuple[int, int], list[int]] = {}
    for one, other, turn in zip(
        candidates.first.tolist(), candidates.second.tolist(), candidates.turn.tolist(), strict=True
    ):
        turns.setdefault((one, other), []).append(turn)
    verdicts = side_by_side(look.as_wholes, ((*pair, ways) for pair, ways in turns.items()))
    seen = {pair: verdict for pair, verdict in zip(turns, verdicts, strict=True) if verdict is not None}
    doubtful = {pair for pair, verdict in seen.items() if verdict.kind == "doubtful"}
    return {pair: verdict for pair, verdict in seen.items() if pair not in doubtful}, doubtful


def _exact(rows: np.ndarray, content: np.ndarray) -> Iterator[Link]:
    """Each file with the bytes of an earlier one, linked to the first of them."""
    first: dict[str, int] = {}
    for row, key in zip(rows.tolist(), content, strict=True):
        if key is not None and first.setdefault(key, row) != row:
            yield Link(first[key], row, "exact", 0, 1.0)
