"""Do two photos that lie on each other show the same picture? Judged by their detail, tile by tile.

Pictures in alike frames, faces, leaves on one background: as wholes, and in their coarse lights and shades,
different photos correlate well. Copies agree in fine detail, and nearly everywhere; a watermark or a date
spoils a few tiles only. A straight line agrees with every line of its direction, so only tiles count in which
brightness changes in two directions (the structure tensor of Harris and Stephens 1988).
"""

from dataclasses import dataclass

import numpy as np

from thresher.inspect.turns import Turn

GRID, TILE, SHIFT = 6, 20, 3
"""Tiles a side, pixels a tile, and how far a tile may have moved."""
SIDE = GRID * TILE
DETAIL = 4.0
"""What is wider than some of these pixels is taken out (standard deviation of a Gaussian)."""
FLAT = 3.0
"""Standard deviation of the detail in grey levels below which a tile shows nothing."""
SECOND = 0.1
"""Change of brightness across a tile's main direction as a share of that along it, from which a tile is more
than lines."""
FEWEST, MOST = 7, 12
"""Tiles away from the edge that must show something; and from how many on they alone decide."""


@dataclass(frozen=True)
class Square:
    """A photo made ready for comparing.

    Attributes:
        grey: uint8 (120, 120).
        detail: the same without its coarse lights and shades, float32.
        spread: standard deviation of the detail of each tile (6, 6).
        tells: tiles (6, 6), bool, that show more than plain areas and straight lines.
    """

    grey: np.ndarray
    detail: np.ndarray
    spread: np.ndarray
    tells: np.ndarray

    @classmethod
    def of(cls, grey: np.ndarray) -> "Square":
        """Of a grey photo uint8 (120, 120)."""
        import cv2

        exact = grey.astype(np.float32)
        detail = exact - cv2.GaussianBlur(exact, (0, 0), DETAIL)
        spread = _tiles(detail).std(axis=(1, 3))
        across, down = (slope.astype(np.float32) for slope in cv2.spatialGradient(grey))
        xx, yy, xy = (_tiles(one).mean(axis=(1, 3)) for one in (across**2, down**2, across * down))
        half, root = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
        return cls(grey, detail, spread, (spread >= FLAT) & (half - root >= SECOND * (half + root)))

    def turned(self, turn: Turn) -> "Square":
        """Laid down in another way."""
        return Square(*(np.ascontiguousarray(turn(one)) for one in vars(self).values()))


@dataclass(frozen=True)
class Agreement:
    """How well two photos agree where one of them shows something: correlations of tiles, -1..1.

    Attributes:
        mean: of all tiles.
        low: what four of five tiles reach.
        share: of tiles that reach .6, 0..1.
        inner: mean of the tiles that do not touch the edge: a frame agrees there alone.
        inner_low: what three of four of these reach.
        telling: how many tiles that do not touch the edge show something.
        whole: of the photos as they are, in one piece.
    """

    mean: float
    low: float
    share: float
    inner: float
    inner_low: float
    telling: int
    whole: float

    @property
    def clear(self) -> bool:
        """They are copies, even if nothing but the likeness of the whole says how they lie on each other."""
        return self.mean >= 0.9 and self.low >= 0.8 and self.same

    @property
    def same(self) -> bool:
        """They are copies, if many local features have shown how they lie on each other."""
        detail = self.share >= 0.55 and self.inner >= 0.87 and self.inner_low >= 0.84
        # Where most is plain, what is not may be what all photos have: the coarse must agree as well.
        return detail and (self.telling >= MOST or self.whole >= 0.98)

    @property
    def altered(self) -> bool:
        """In some places, or in light and colour, they differ."""
        return self.mean < 0.85


NONE = Agreement(0.0, 0.0, 0.0, 0.0, 0.0, 0, 0.0)


def agreement(one: Square, other: Square, shown: np.ndarray | None = None) -> Agreement:
    """Compares two photos that lie on each other.

    Args:
        one, other: the photos.
        shown: where both show something (120, 120), bool; default: everywhere.

    Returns:
        `NONE` where too few tiles show anything.
    """
    import cv2

    counts = one.tells | other.tells
    if shown is not None:
        counts &= _tiles(shown).all(axis=(1, 3))
    if counts[1:-1, 1:-1].sum() < FEWEST:
        return NONE
    plain = np.minimum(one.spread, other.spread) < FLAT / 2
    around = cv2.copyMakeBorder(other.detail, SHIFT, SHIFT, SHIFT, SHIFT, cv2.BORDER_REPLICATE)
    found = np.full((GRID, GRID), np.nan)
    for y, x in zip(*np.nonzero(counts), strict=True):
        top, left = y * TILE, x * TILE
        window = around[top : top + TILE + 2 * SHIFT, left : left + TILE + 2 * SHIFT]
        tile = one.detail[top : top + TILE, left : left + TILE]
        # Where one shows something and the other does not, they differ.
        found[y, x] = 0 if plain[y, x] else cv2.matchTemplate(window, tile, cv2.TM_CCOEFF_NORMED).max()
    values, inside = found[counts], found[1:-1, 1:-1][counts[1:-1, 1:-1]]
    return Agreement(
        mean=float(values.mean()),
        low=float(np.quantile(values, 0.2)),
        share=float((values >= 0.6).mean()),
        inner=float(inside.mean()),
        inner_low=float(np.quantile(inside, 0.25)),
        telling=len(inside),
        whole=_correlation(one.grey, other.grey, shown),
    )


def _correlation(one: np.ndarray, other: np.ndarray, shown: np.ndarray | None) -> float:
    """Of two photos (S, S), where both show something."""
    pixels = np.stack([one.ravel(), other.ravel()]).astype(np.float32)
    spread = np.cov(pixels if shown is None else pixels[:, shown.ravel()])
    return float(spread[0, 1] / max(np.sqrt(spread[0, 0] * spread[1, 1]), 1e-9))


def _tiles(photo: np.ndarray) -> np.ndarray:
    """A square (120, 120) cut into tiles (6, 20, 6, 20)."""
    return photo.reshape(GRID, TILE, GRID, TILE)
