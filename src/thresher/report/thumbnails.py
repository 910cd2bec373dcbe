"""Photos as small JPEG data URIs, within a budget: the page stays one file that a mail can carry."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

BUDGET = 3_600_000
"""Characters of all data URIs on a page."""
QUALITY = 78


@dataclass(frozen=True)
class Thumbnail:
    """A small photo, or the reason why there is none.

    Attributes:
        uri: ``data:image/jpeg;base64,...``, None without a picture.
        width, height: of the thumbnail, pixels.
        reason: why there is no picture.
    """

    uri: str | None
    width: int = 0
    height: int = 0
    reason: str = ""


@dataclass
class Thumbnails:
    """Makes thumbnails and remembers them; says no when the budget is spent.

    Attributes:
        paths: image id -> path.
        left: characters that may still be spent.
    """

    paths: Mapping[str, str]
    left: int = BUDGET
    _made: dict[tuple[str, int], Thumbnail] = field(default_factory=dict)

    def get(self, image_id: str, side: int) -> Thumbnail:
        """The thumbnail of a photo.

        Args:
            image_id: the photo.
            side: its longer side in pixels, at most.
        """
        key = image_id, side
        if key not in self._made:
            self._made[key] = self._make(image_id, side)
        return self._made[key]

    def _make(self, image_id: str, side: int) -> Thumbnail:
        from thresher.images.decode import BrokenPhoto, read_photo

        path = self.paths.get(image_id)
        if path is None:
            return Thumbnail(None, reason="not in the data set")
        if self.left <= 0:
            return Thumbnail(None, reason="left out to keep the page small")
        try:
            made = encode(read_photo(path, side), side)
        except (BrokenPhoto, OSError) as error:
            return Thumbnail(None, reason=str(error) or type(error).__name__)
        self.left -= len(made.uri or "")
        return made


def encode(photo: np.ndarray, side: int) -> Thumbnail:
    """Shrinks a photo uint8 (H, W, 3) to a longer side of ``side`` and packs it as a JPEG data URI."""
    import cv2
    import simplejpeg

    height, width = photo.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if scale < 1:
        photo = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    data = simplejpeg.encode_jpeg(np.ascontiguousarray(photo), quality=QUALITY, colorspace="RGB")
    return Thumbnail(f"data:image/jpeg;base64,{base64.b64encode(data).decode()}", *size)
