"""Facts of photos, beside loops in plain NumPy and beside what was done to a photo."""

import cv2
import numpy as np
import pandas as pd
import pytest
from inspect_kit import scene

from thresher.inspect.photo_facts import FACTS, extremes, photo_facts, quantiles


def facts_of(*photos):
    return photo_facts(photos, np.arange(len(photos)))


def test_the_definitions_in_plain_numpy():
    photo = scene(0, side=128)
    found = facts_of(photo).iloc[0]
    red, green, blue = (photo[..., channel].astype(float) for channel in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    assert found["brightness"] == pytest.approx(luma.mean() / 255, rel=1e-5)
    assert found["contrast"] == pytest.approx(luma.std() / 255, rel=1e-5)
    padded = np.pad(luma, 1, mode="reflect")
    laplacian = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] - 4 * luma
    assert found["sharpness"] == pytest.approx(laplacian.var(), rel=1e-4)
    one, two = red - green, (red + green) / 2 - blue
    wanted = np.sqrt(one.var() + two.var()) + 0.3 * np.sqrt(one.mean() ** 2 + two.mean() ** 2)
    assert found["colourfulness"] == pytest.approx(wanted, rel=1e-4)
    window = np.outer(np.hanning(128), np.hanning(128))
    power = np.abs(np.fft.fft2((luma - luma.mean()) * window)) ** 2 / 128**2
    cycles = np.hypot(*np.meshgrid(np.fft.fftfreq(128, 1 / 128), np.fft.fftfreq(128, 1 / 128)))
    large, small = (power[(cycles >= low) & (cycles < high)].sum() for low, high in ((2, 8), (8, 32)))
    assert found["closeness"] == pytest.approx(np.log2((large + 1) / (small + 1)), rel=1e-3)


def test_what_is_done_to_a_photo_is_seen():
    photo = scene(1)
    changes = {
        "brightness": np.clip(photo * 1.0 + 40, 0, 255).astype(np.uint8),
        "contrast": np.clip((photo - 128.0) * 1.3 + 128, 0, 255).astype(np.uint8),
        "sharpness": cv2.addWeighted(photo, 1.6, cv2.GaussianBlur(photo, (0, 0), 2), -0.6, 0),
        "closeness": cv2.resize(photo[60:140, 60:140], (200, 200), interpolation=cv2.INTER_CUBIC),
    }
    before = facts_of(photo).iloc[0]
    for name, changed in changes.items():
        assert facts_of(changed).iloc[0][name] > before[name], name
    grey = np.repeat(photo.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    assert facts_of(grey).iloc[0]["colourfulness"] < 1 < before["colourfulness"]
    blurred = cv2.GaussianBlur(photo, (0, 0), 3)
    assert facts_of(blurred).iloc[0]["sharpness"] < before["sharpness"] / 5


def test_sharpness_compares_between_sizes():
    """A large photo and its small version are about as sharp; one blown up from few pixels is not."""
    photo = scene(2, side=512, things=400)
    small = cv2.resize(photo, (256, 256), interpolation=cv2.INTER_AREA)
    tiny = cv2.resize(photo, (40, 40), interpolation=cv2.INTER_AREA)
    large, half, blown = facts_of(photo, small, tiny)["sharpness"]
    assert half == pytest.approx(large, rel=0.15)
    assert blown < large / 4


@pytest.mark.photos
def test_the_centre_of_a_leaf_photo_counts_as_nearer_than_the_whole(real_data):
    paths = sorted((real_data / "cassava_small/images").glob("*.png"))[::3]
    photos = [cv2.imread(str(path), cv2.IMREAD_COLOR_RGB) for path in paths]
    centres = []
    for photo in photos:
        height, width = photo.shape[:2]
        centres.append(photo[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4])
    whole, near = facts_of(*photos)["closeness"], facts_of(*centres)["closeness"]
    assert np.mean(near.to_numpy() > whole.to_numpy()) > 0.75


def test_rows_order_and_broken_photos():
    photos = {3: scene(3), 7: np.zeros((9, 9, 3), np.uint8), 100: scene(4), 101: scene(3)}
    found = photo_facts(photos, np.array([3, 7, 100, 101]))
    assert list(found.index) == [3, 7, 100, 101]
    assert list(found) == list(FACTS)
    assert found.loc[3].equals(found.loc[101])
    assert found.loc[7].tolist() == [0, 0, 0, 0, 0]
    assert np.isfinite(found.to_numpy()).all()
    many = photo_facts({row: photos[[3, 100][row % 2]] for row in range(150)}, np.arange(150))
    assert many.iloc[0::2].drop_duplicates().shape[0] == 1
    assert many.loc[149].equals(many.loc[1])
    nothing = photo_facts([], np.arange(0))
    assert nothing.shape == (0, 5)


def test_quantiles_and_extremes():
    facts = pd.DataFrame({"brightness": [0.5, 0.1, 0.9, 0.3, 0.7]}, index=[10, 11, 12, 13, 14])
    assert quantiles(facts).loc["brightness", ["min", "median", "max"]].tolist() == [0.1, 0.5, 0.9]
    low, high = extremes(facts, "brightness", 2)
    assert (low.tolist(), high.tolist()) == ([11, 13], [12, 14])
    low, high = extremes(facts, "brightness", 9)
    assert (len(low), len(high)) == (2, 2)
