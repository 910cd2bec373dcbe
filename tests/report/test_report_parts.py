"""The pieces of the page on their own."""

import numpy as np
import pandas as pd
import pytest

from thresher.metrics.calibration import reliability
from thresher.predictions import Predictions
from thresher.report import charts, classes, photos, words
from thresher.report.facts import History
from thresher.report.summary import score, set_floor
from thresher.report.thumbnails import Thumbnails, encode


def predictions(scores, labels, names=("a", "b", "c")):
    ids = np.array([f"{row}" for row in range(len(labels))], dtype=object)
    return Predictions(ids, np.array(scores), names, "test", np.array(labels, dtype=object))


def test_worst_first_and_doubt_by_hand():
    scores = predictions(
        [
            [0.9, 0.1, 0.0],
            [0.7, 0.3, 0.0],
            [0.05, 0.95, 0.0],
            [0.1, 0.9, 0.0],
            [0.45, 0.55, 0.0],
            [0, 0, 1.0],
        ],
        ["a", "a", "a", "b", "a", "c"],
    )
    # Usual own probabilities: a (.9 + .7 + .05 + .45) / 4 = .525, b .9, c 1.
    assert photos.doubted(scores).tolist() == [False, False, True, False, False, False]
    found = photos.worst(scores, Thumbnails({}))
    assert [one["id"] for one in found["photos"]] == ["2", "4"]
    assert found["photos"][0]["doubted"]
    assert not found["photos"][1]["doubted"]
    assert (found["wrong"], found["doubted"], found["more"]) == (2, 1, 0)
    assert found["photos"][0]["picture"].reason == "not in the data set"
    first = photos.uncertain(scores, Thumbnails({}))[0]
    assert (first["id"], first["first"], first["second"], first["right"]) == ("4", "b", "a", False)


def test_confusion_cells_and_pairs():
    eye = np.eye(3)
    scores = predictions(eye[[0, 1, 1, 1, 2, 0]], ["a", "a", "a", "b", "c", "c"])
    found = classes.confusion(scores)
    assert [[cell["count"] for cell in row["cells"]] for row in found["heat"]] == [
        [1, 2, 0],
        [0, 1, 0],
        [1, 0, 1],
    ]
    assert found["heat"][0]["cells"][1]["share"] == pytest.approx(2 / 3)
    assert [(pair["given"], pair["answer"], pair["count"]) for pair in found["pairs"]] == [
        ("a", "b", 2),
        ("c", "a", 1),
    ]
    many = tuple(f"{number}" for number in range(31))
    wide = predictions(np.eye(31)[[1, 1, 2]], ["0", "0", "0"], many)
    found = classes.confusion(wide)
    assert found["heat"] is None
    assert [pair["count"] for pair in found["pairs"]] == [2, 1]


def test_thumbnails_shrink_and_keep_to_the_budget(tmp_path):
    from PIL import Image

    rng = np.random.default_rng(0)
    for name in "ab":
        Image.fromarray(rng.integers(0, 255, (300, 500, 3), dtype=np.uint8)).save(tmp_path / f"{name}.png")
    made = Thumbnails({name: str(tmp_path / f"{name}.png") for name in "ab"}, left=10)
    one = made.get("a", 128)
    assert (one.width, one.height) == (128, 77)
    assert one.uri.startswith("data:image/jpeg;base64,")
    assert made.get("a", 128) is one
    assert made.get("b", 128).reason == "left out to keep the page small"
    assert made.get("unknown", 128).uri is None


def test_a_small_photo_is_not_enlarged_and_colours_stay():
    import base64
    from io import BytesIO

    from PIL import Image

    made = encode(np.full((20, 10, 3), (200, 30, 30), np.uint8), 128)
    assert (made.width, made.height) == (10, 20)
    back = np.asarray(Image.open(BytesIO(base64.b64decode(made.uri.split(",")[1]))))
    assert np.abs(back.astype(int) - (200, 30, 30)).max() < 6
    assert encode(np.zeros((1, 5000, 3), np.uint8), 100).height == 1


def test_charts_take_the_colours_of_the_page_and_repeat_exactly():
    frame = pd.DataFrame({"stage": [0, 0, 1], "epoch": [1, 2, 1], "train_loss": [3.0, 2, 1]})
    frame["valid_loss"], frame["valid_accuracy"] = [3.0, 2.5, 2], [np.nan, 0.5, 0.6]
    made = charts.learning_curves([History("m", "0", "0", frame)], "m0")
    assert list(made) == ["loss", "accuracy"]
    assert made == charts.learning_curves([History("m", "0", "0", frame)], "m0")
    for svg in made.values():
        assert svg.startswith("<svg ")
        assert "var(--accent)" in svg
        assert not {charts.INK, charts.ACCENT, charts.MUTED} & set(svg.split('"'))
        assert "<text" in svg
        assert "date" not in svg.lower()
    frame["valid_accuracy"] = np.nan
    assert list(charts.learning_curves([History("m", "0", "0", frame)], "m0")) == ["loss"]
    nothing = reliability(np.array([0]), np.array([[1.0, 0.0]]))
    assert "var(--accent)" in charts.reliability_diagram(nothing)


def test_numbers_in_words():
    assert words.percent(0.92434) == "92.4\u202f%"
    assert words.percent(None) == words.percent(float("nan")) == "–"
    assert words.span("accuracy", {"low": 0.5, "high": 0.75}) == "50.0 to 75.0\u202f%"
    assert words.span("log_loss", {"low": 0.5, "high": 0.75}) == "0.500 to 0.750"
    assert words.span("accuracy", {"low": None, "high": None}) == ""
    expected = {
        3.21: "3.2 s",
        48: "48 s",
        200: "3 min 20 s",
        599.7: "10 min",
        3000: "50 min",
        7500: "2 h 05 min",
    }
    assert {seconds: words.duration(seconds) for seconds in expected} == expected
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.count(1, "class", "classes") == "1 class"
    assert words.count(1200, "photo") == "1,200 photos"
    nested = {"a": {"b": 1, "c": None}, "d": [1, 2], "e": [{"f": 0.12345}]}
    assert list(words.flat(nested)) == [("a.b", "1"), ("d", "1, 2"), ("e.0.f", "0.1235")]


def test_intervals_are_stretched_together():
    one = score("accuracy", {"value": 0.9, "low": 0.82, "high": 0.98})
    two = score("log_loss", {"value": 0.9, "low": 0.82, "high": 0.98})
    assert set_floor([one, two]) == pytest.approx(0.8)
    assert one["drawn"]["value"] == pytest.approx(0.5)
    assert two["drawn"] is None
    sure = score("accuracy", {"value": 1.0, "low": 1.0, "high": 1.0})
    assert set_floor([sure]) == 0.9
    assert score("f1", {"value": None, "low": None, "high": None})["text"] == "–"
