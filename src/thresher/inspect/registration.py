"""Finds how one photo lies within another by local features: cropped, shrunk, turned, squeezed.

ORB features (Rublee et al. 2011) are matched both ways, and RANSAC (Fischler and Bolles 1981) looks for the
affine map that most of the matches follow. Different pictures share a handful of matches by chance; a crop
of 60 % shares dozens.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from thresher.inspect.agreement import SIDE

LONG = 180
"""Longer side of the grey photos in which features are looked for, pixels."""
FEATURES, PATCH = 300, 24
"""Features of a photo, and pixels that each looks at."""
TOLERANCE = 3.0
"""Pixels by which a match may miss the map."""
FEWEST = 20
"""Matches that a map must explain."""
LARGEST = 50.0
"""Area of a photo as a multiple of the area of a crop of it, at most."""


@dataclass(frozen=True)
class Sight:
    """A grey photo with its local features.

    Attributes:
        grey: uint8 (H, W), the longer side `LONG`.
        points: places of the features (F, 2), x and y in pixels.
        descriptors: uint8 (F, 32).
    """

    grey: np.ndarray
    points: np.ndarray
    descriptors: np.ndarray


def see(photo: np.ndarray) -> Sight:
    """Looks for the features of a grey photo uint8 (H, W) of any size."""
    import cv2

    scale = LONG / max(photo.shape)
    size = max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale))
    grey = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    nothing = Sight(grey, np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8))
    if min(size) < 2 * PATCH:
        return nothing
    # Small photos have few corners, and those near the edge are half of them.
    orb = cv2.ORB.create(nfeatures=FEATURES, edgeThreshold=PATCH // 2, patchSize=PATCH, fastThreshold=5)
    points, descriptors = orb.detectAndCompute(grey, None)
    if descriptors is None:
        return nothing
    return Sight(grey, np.array([point.pt for point in points], np.float32), descriptors)


def register(one: Sight, other: Sight) -> tuple[np.ndarray | None, int]:
    """The affine map (2, 3) from the other photo's pixels to the first one's, and how many matches follow it.

    Returns:
        None for the map where fewer than 20 matches follow any.
    """
    import cv2

    if min(len(one.points), len(other.points)) < FEWEST:
        return None, 0
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(one.descriptors, other.descriptors)
    if len(matches) < FEWEST:
        return None, 0
    here = one.points[[match.queryIdx for match in matches]]
    there = other.points[[match.trainIdx for match in matches]]
    # OpenCV draws from a generator of its own that starts anew with each call.
    found: Any = cv2.estimateAffine2D(there, here, ransacReprojThreshold=TOLERANCE, maxIters=1000)
    way, followed = found[0], int(found[1].sum())
    return (way, followed) if way is not None and followed >= FEWEST else (None, followed)


@dataclass(frozen=True)
class Overlay:
    """Two photos that lie on each other.

    Attributes:
        one, other: uint8 (120, 120), grey.
        shown: where both show something (120, 120), bool.
        shared: share of the scene that both show, of what the one shows that shows more, 0..1.
        turned: whether the other had to be turned by more than an eighth.
    """

    one: np.ndarray
    other: np.ndarray
    shown: np.ndarray
    shared: float
    turned: bool


def lay_on(one: Sight, other: Sight, way: np.ndarray) -> Overlay | None:
    """Lays two photos on each other, in the frame of the one that shows less: of a crop all is compared.

    Args:
        way: the map from the other's pixels to the first one's.

    Returns:
        None where the map is no way to lay a photo down: it shrinks to nothing, or the photos do not touch.
    """
    import cv2

    size = abs(float(np.linalg.det(way[:, :2]))) * other.grey.size / one.grey.size
    if not 1 / LARGEST < size < LARGEST:
        return None
    if size < 1:
        one, other, way, size = other, one, cv2.invertAffineTransform(way), 1 / size
    shape = one.grey.shape[1], one.grey.shape[0]
    laid = cv2.warpAffine(other.grey, way, shape, flags=cv2.INTER_LINEAR)
    shown = cv2.warpAffine(np.full_like(other.grey, 255), way, shape, flags=cv2.INTER_NEAREST)
    if not shown.any():
        return None
    first, second, both = (
        cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for photo in (one.grey, laid, shown)
    )
    shared = float((shown > 0).mean()) / size
    return Overlay(first, second, both > 250, shared, abs(way[0, 1] - way[1, 0]) > way[0, 0] + way[1, 1])
