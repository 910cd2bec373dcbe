"""Fixtures that more than one room uses: small made photos, and real ones where $THRESHER_DATA names them."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COLOURS = {"blue": (40, 60, 200), "green": (40, 180, 60), "red": (200, 50, 40)}


def make_photo(colour, seed, size=(48, 40)):
    """A noisy patch of one colour with a brighter square somewhere: easy to learn, not constant."""
    rng = np.random.default_rng(seed)
    photo = np.full((size[1], size[0], 3), colour, np.float32) + rng.normal(0, 25, (size[1], size[0], 3))
    y, x = rng.integers(0, size[1] - 12), rng.integers(0, size[0] - 12)
    photo[y : y + 12, x : x + 12] += 50
    return Image.fromarray(photo.clip(0, 255).astype(np.uint8))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's cache."""
    monkeypatch.setenv("THRESHER_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def class_folder(tmp_path):
    """A folder of three class folders with twelve JPEG photos each."""
    root = tmp_path / "photos"
    for number, (name, colour) in enumerate(COLOURS.items()):
        (root / name).mkdir(parents=True)
        for index in range(12):
            make_photo(colour, 100 * number + index).save(root / name / f"{name}{index:02d}.jpg", quality=92)
    return root


@pytest.fixture(scope="session")
def real_data():
    """The folder of real data sets; tests that use it are skipped, and say so, where there is none."""
    folder = os.environ.get("THRESHER_DATA")
    if not folder:
        pytest.skip("THRESHER_DATA is not set: no real photos here")
    return Path(folder)
