"""What the page reads of a run, and what it shows of a photo."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from review_run import CLASSES, make_review_run
from sklearn.neighbors import NearestNeighbors

from thresher.dataset.store import load_dataset, save_dataset
from thresher.errors import RunError
from thresher.images.decode import BrokenPhoto
from thresher.predictions import Predictions
from thresher.web.desk import Desk
from thresher.web.neighbours import Neighbours, nearest
from thresher.web.photos import Photos, encode
from thresher.web.suspects import NotHere, read_suspects


def rewrite(run, **columns):
    frame = pd.read_parquet(run.issues)
    frame.assign(**columns).to_parquet(run.issues)


def test_columns_become_arrays_by_row(review_run):
    frame = pd.read_parquet(review_run.issues)
    found = read_suspects(review_run)
    assert list(found.ids) == list(frame["image_id"])
    assert [CLASSES[code] for code in found.given] == list(frame["given"])
    assert [CLASSES[code] for code in found.suggested] == list(frame["suggested"])
    assert list(found.place) == list(frame["rank"] - 1)
    oof = Predictions.load(review_run.predictions("oof"))
    for row in range(len(found)):
        assert found.scores.given[row] == oof.scores[row, found.given[row]]
        assert found.scores.suggested[row] == oof.scores[row, found.suggested[row]]
        assert list(found.scores.top[row]) == sorted(oof.scores[row], reverse=True)
    top = {name: set(frame[name].nlargest(2).index) for name in ("confident", "neighbours")}
    assert [(row in top["confident"]) + (row in top["neighbours"]) for row in range(40)] == list(found.agree)
    assert found.finders == 2


def test_scores_may_lack_photos_and_classes(review_run):
    oof = Predictions.load(review_run.predictions("oof"))
    order = np.array([7, 3, 20])
    two = oof.scores[order][:, [2, 0]]
    part = Predictions(oof.ids[order], two / two.sum(1, keepdims=True), (CLASSES[2], CLASSES[0]), "oof")
    part.save(review_run.predictions("oof"))
    found = read_suspects(review_run).scores
    assert np.isnan(found.given[0])
    assert list(found.classes[0]) == [-1, -1, -1]
    assert set(found.classes[7][:2]) == {0, 2}
    assert np.isnan(found.top[7][2])
    review_run.predictions("oof").unlink()
    assert np.isnan(read_suspects(review_run).scores.top).all()


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        ([-1, -1, 5, 5, 7], [False, False, True, True, False]),
        (["x", "x", None, None, "y"], [True, True, False, False, False]),
        ([0.0, 0.0, np.nan, np.nan, -1.0], [True, True, False, False, False]),
    ],
)
def test_clusters_of_one_are_none(tmp_path, cluster, expected):
    run = make_review_run(tmp_path / "run", 5, files=False)
    rewrite(run, cluster=pd.Series(cluster))
    found = read_suspects(run).cluster
    assert [code >= 0 for code in found] == expected
    assert len({code for code in found if code >= 0}) == 1


def test_a_run_without_issues_says_what_to_do(review_run):
    review_run.issues.unlink()
    with pytest.raises(RunError, match=f"thresher labels {review_run.root}"):
        read_suspects(review_run)


def test_files_that_do_not_belong_together(review_run):
    frame = pd.read_parquet(review_run.issues)
    for change, words in (
        (lambda: frame.drop(columns="rank").to_parquet(review_run.issues), "'rank' are missing"),
        (
            lambda: frame.assign(image_id="x" + frame["image_id"]).to_parquet(review_run.issues),
            "not in dataset",
        ),
        (lambda: frame.assign(given="cow").to_parquet(review_run.issues), "not among the classes: 'cow'"),
        (lambda: review_run.issues.write_bytes(b"PAR1 and no more"), "not a whole parquet file"),
    ):
        change()
        with pytest.raises(RunError, match=words):
            Desk(review_run)
    frame.to_parquet(review_run.issues)
    np.save(review_run.embeddings, np.zeros((39, 4), np.float32))
    with pytest.raises(RunError, match="40 photos need"):
        Desk(review_run)
    review_run.embeddings.write_bytes(b"")
    with pytest.raises(RunError, match="not a whole NumPy file"):
        Desk(review_run)


def test_neighbours_are_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(200, 8)).astype(np.float32)
    points[[3, 50]] = 0
    labels = rng.integers(0, 3, 200)
    labels[60] = -1
    ours = Neighbours(points)
    for row in (0, 7, 60):
        similarity = ours.similarity(row)
        for label in range(3):
            rows = [one for one in range(200) if labels[one] == label and one not in (row, 3, 50)]
            theirs = NearestNeighbors(n_neighbors=3, metric="cosine").fit(points[rows])
            distance, place = theirs.kneighbors(points[row : row + 1])
            found = nearest(similarity, row, labels, label)
            assert [one.row for one in found] == [rows[one] for one in place[0]]
            assert [one.similarity for one in found] == pytest.approx(list(1 - distance[0]), abs=1e-5)
    assert nearest(ours.similarity(3), 3, labels, 0) == []


def test_neighbours_follow_what_was_decided(review_run):
    desk = Desk(review_run)
    first = desk.photo(0)["given"]["neighbours"][0]["row"]
    label = desk.photo(0)["given"]["label"]
    desk.decide("decision-1", "ann", first, "keep")
    assert desk.photo(0)["given"]["neighbours"][0]["checked"]
    desk.decide("decision-2", "ann", first, "drop")
    rows = [one["row"] for side in ("given", "suggested") for one in desk.photo(0)[side]["neighbours"]]
    assert first not in rows
    other = next(name for name in CLASSES if name not in (label, desk.photo(0)["suggested"]["label"]))
    desk.decide("decision-3", "ann", first, "relabel", label=other)
    assert first not in [one["row"] for one in desk.photo(0)["given"]["neighbours"]]
    desk.undo("decision-4", "ann")
    desk.undo("decision-5", "ann")
    assert desk.photo(0)["given"]["neighbours"][0] == {
        "row": first,
        "id": desk.suspects.ids[first],
        "checked": True,
        "copy": False,
        "similarity": desk.photo(0)["given"]["neighbours"][0]["similarity"],
    }


def test_without_features_or_suggestions_the_page_has_less_to_show(tmp_path):
    run = make_review_run(tmp_path / "run", 6, embeddings=False, files=False)
    frame = pd.read_parquet(run.issues)
    rewrite(run, suggested=[None, frame["given"][1], *frame["suggested"][2:]])
    desk = Desk(run)
    assert desk.photo(0)["suggested"] is None
    assert desk.photo(1)["suggested"] is None
    assert desk.photo(2)["given"]["neighbours"] == []
    with pytest.raises(NotHere):
        desk.photo(6)


def test_a_broken_photo_has_its_reason(review_run):
    dataset, extra = load_dataset(review_run.dataset)
    frame = dataset.frame.copy()
    frame.loc[3, ["status", "reason"]] = ["broken", "truncated"]
    frame.loc[4, "status"] = "missing"
    save_dataset(
        dataset.with_columns(status=frame["status"], reason=frame["reason"]), review_run.dataset, extra
    )
    desk = Desk(review_run)
    assert [desk.photo(row)["reason"] for row in (2, 3, 4)] == [None, "truncated", "no such file"]


def pixels(data):
    from io import BytesIO

    with Image.open(BytesIO(data)) as image:
        assert image.format == "JPEG"
        return np.asarray(image.convert("RGB")).astype(int)


def test_photos_are_upright_small_and_any_kind(tmp_path):
    halves = np.zeros((60, 300, 3), np.uint8)
    halves[:, :150], halves[:, 150:] = (200, 30, 30), (30, 30, 200)
    image = Image.fromarray(halves)
    exif = Image.Exif()
    exif[0x0112] = 6  # the left side goes up
    image.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    image.convert("CMYK").save(tmp_path / "print.tif")
    image.save(tmp_path / "plain.png")
    Image.fromarray(np.zeros((40, 9000, 3), np.uint8)).save(tmp_path / "long.png")
    turned = pixels(encode(str(tmp_path / "turned.jpg"), 1600))
    assert turned.shape == (300, 60, 3)
    assert np.abs(turned[20, 30] - (200, 30, 30)).max() < 25
    assert np.abs(turned[280, 30] - (30, 30, 200)).max() < 25
    for name in ("print.tif", "plain.png"):
        small = pixels(encode(str(tmp_path / name), 100))
        assert small.shape == (20, 100, 3)
        assert small[10, 10, 0] > small[10, 10, 2] + 80
        assert pixels(encode(str(tmp_path / name), 1600)).shape == (60, 300, 3)  # never enlarged
    assert pixels(encode(str(tmp_path / "long.png"), 8192)).shape[1] == 8192


def test_photos_are_remembered_up_to_a_limit(tmp_path, monkeypatch):
    from thresher.web import photos as module

    for number in range(4):
        Image.fromarray(np.full((64, 64, 3), 60 * number, np.uint8)).save(tmp_path / f"{number}.png")
    calls = []
    real = module.encode
    monkeypatch.setattr(module, "encode", lambda path, side: calls.append(path[-5]) or real(path, side))
    made = Photos([str(tmp_path / f"{number}.png") for number in range(4)] + [str(tmp_path / "gone.png")])
    one = made.get(0, "large")
    assert made.get(0, "large") == one
    assert calls == ["0"]
    monkeypatch.setattr(module, "_REMEMBERED", len(one) * 2)
    for row in (1, 2, 3, 3, 0):
        made.get(row, "large")
    assert calls == ["0", "1", "2", "3", "0"]
    with pytest.raises(BrokenPhoto, match="no such file"):
        made.get(4, "small")
    for row, size in ((5, "small"), (-1, "small"), (0, "huge")):
        with pytest.raises(NotHere):
            made.get(row, size)
