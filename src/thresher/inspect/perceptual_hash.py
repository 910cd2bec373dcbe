"""The perceptual hash: 64 bits of a photo that resizing and compressing hardly change.

The DCT hash as the Python package imagehash computes it (Zauner 2010, phash.org): of a grey square of 32
pixels the 8 x 8 lowest cosine frequencies, a bit each: above their median or not.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from thresher.inspect.turns import TURNS

SIDE, LOW = 32, 8
PLAIN = 2.0
"""Standard deviation in grey levels below which a photo shows nothing that a hash could hold."""
RADIUS = 10
"""Bits in which the hashes of two copies differ at most."""
MOST = 16
"""Candidates per photo: the nearest; a photo is a copy if it is one of the nearest of its copies."""
BLOCK = 4_000_000
"""Distances held at a time."""


@dataclass(frozen=True)
class Candidates:
    """Pairs of photos that may be copies.

    Attributes:
        first, second: rows (M,), first < second.
        turn: how the second is to be laid down to look like the first (M,), index into `TURNS`.
        distance: bits in which the hashes differ then (M,).
    """

    first: np.ndarray
    second: np.ndarray
    turn: np.ndarray
    distance: np.ndarray


def hashes(greys: np.ndarray) -> np.ndarray:
    """Hashes of photos laid down in all `TURNS` (N, 8), uint64.

    Args:
        greys: uint8 (N, 32, 32).
    """
    from scipy.fft import dctn

    low = dctn(greys.astype(np.float64), axes=(1, 2))[:, :LOW, :LOW]
    found = np.empty((len(greys), len(TURNS)), np.uint64)
    for place, turn in enumerate(TURNS):
        flat = turn.of_spectrum(low).reshape(len(greys), LOW * LOW)
        bits = flat > np.median(flat, axis=1, keepdims=True)
        found[:, place] = np.packbits(bits, axis=1).view(">u8").ravel()
    return found


def is_plain(greys: np.ndarray) -> np.ndarray:
    """Photos (N,), bool, that show nothing: one grey all over."""
    plain: np.ndarray = greys.std(axis=(1, 2)) < PLAIN
    return plain


def hash_candidates(found: np.ndarray, usable: np.ndarray, radius: int = RADIUS) -> Candidates:
    """Pairs of photos whose hashes differ in few bits, in some way to lay one of them down.

    Every pair is looked at, a block at a time; of each photo the nearest 16 among the later ones are kept.

    Args:
        found: hashes (N, 8), see `hashes`.
        usable: which photos count (N,), bool.
        radius: most bits that may differ.
    """
    rows = np.flatnonzero(usable)
    blocks = [*_near(found[rows], radius), (np.zeros(0, np.int64),) * 4]
    first, second, turn, distance = (np.concatenate(column) for column in zip(*blocks, strict=True))
    return Candidates(rows[first], rows[second], turn, distance)


def hash_distance(one: np.ndarray, other: np.ndarray) -> int:
    """Bits in which two hashes (8,) differ when the other photo is laid down in the best of all `TURNS`."""
    return int(np.bitwise_count(one[0] ^ other).min())


def _near(found: np.ndarray, radius: int) -> Iterator[tuple[np.ndarray, ...]]:
    """First, second, turn and distance of near pairs (m,), block by block, each pair in every near turn."""
    count = len(found)
    size = max(1, BLOCK // max(count, 1))
    turned = np.ascontiguousarray(found.T)
    for start in range(0, count, size):
        own = turned[0, start : start + size]
        parts = []
        for place in range(len(TURNS)):
            distance = np.bitwise_count(own[:, None] ^ turned[place, None, start:])
            one, other = np.nonzero(distance <= radius)
            later = other > one
            one, other = one[later], other[later]
            near = distance[one, other].astype(np.int64)
            parts.append((one + start, other + start, np.full(len(one), place), near))
        first, second, turn, near = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.lexsort((turn, second, near, first))
        first = first[order]
        rank = np.arange(len(first)) - np.searchsorted(first, first)
        kept = order[rank < MOST]
        yield first[rank < MOST], second[kept], turn[kept], near[kept]
