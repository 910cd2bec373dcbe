"""Scores with their ids: they survive a file, are found by id, and are probabilities or refused."""

import errno

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thresher.errors import DataError, RunError
from thresher.predictions import Predictions, mean

CLASSES = ("cat", "dog", "NA")
SCORES = np.array([[0.1, 0.2, 0.7], [1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, 0.0], [0.6, 0.3, 0.1]])
IDS = ["a.jpg", "007", "NA", "ö b,c.png"]


def made(**changes):
    values = {
        "ids": np.array(IDS, dtype=object),
        "scores": SCORES,
        "classes": CLASSES,
        "kind": "oof",
        "labels": np.array(["NA", None, "cat", "dog"], dtype=object),
        "folds": np.array([0, 1, 2, -1]),
        "origin": {"recipe": "quick", "seeds": [0, 1]},
    }
    return Predictions(**(values | changes))


def same(a, b):
    assert a.ids.tolist() == b.ids.tolist()
    assert np.array_equal(a.scores, b.scores)
    assert a.classes == b.classes
    labels = [[None] * len(part) if part.labels is None else list(part.labels) for part in (a, b)]
    assert labels[0] == labels[1]
    folds = [[-1] * len(part) if part.folds is None else list(part.folds) for part in (a, b)]
    assert folds[0] == folds[1]


@pytest.mark.parametrize("name", ["scores.parquet", "deep/er/scores.csv"])
@pytest.mark.parametrize(
    "changes",
    [{}, {"labels": None}, {"folds": None}, {"kind": "test", "labels": None, "folds": None, "origin": {}}],
    ids=["all", "no labels", "no folds", "scores alone"],
)
def test_round_trip(tmp_path, name, changes):
    scores = made(**changes)
    loaded = Predictions.load(scores.save(tmp_path / name))
    same(loaded, scores)
    if name.endswith("parquet"):
        assert loaded.kind == scores.kind
        assert dict(loaded.origin) == dict(scores.origin)
    else:
        assert loaded.kind == "oof"  # as `save` says of CSV files


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_every_bit_of_a_score_survives(tmp_path, suffix):
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.full(3, 0.05), 500)
    ids = np.array([str(row) for row in range(500)], dtype=object)
    wanted = Predictions(ids, scores, CLASSES, "test")
    assert np.array_equal(Predictions.load(wanted.save(tmp_path / f"s.{suffix}")).scores, scores)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_no_rows(tmp_path, suffix):
    empty = made().take([])
    loaded = Predictions.load(empty.save(tmp_path / f"s.{suffix}"))
    assert (len(loaded), loaded.classes, loaded.scores.shape) == (0, CLASSES, (0, 3))
    assert loaded.predicted.tolist() == loaded.targets.tolist() == []


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_equal_scores_make_equal_files(tmp_path, suffix):
    first = made().save(tmp_path / f"a.{suffix}").read_bytes()
    again = made(
        origin={"seeds": [0, 1], "recipe": "quick"}, labels=["NA", None, "cat", "dog"], folds=[0, 1, 2, -1]
    )
    assert again.save(tmp_path / f"b.{suffix}").read_bytes() == first
    loaded = Predictions.load(tmp_path / f"a.{suffix}")
    if suffix == "parquet":
        assert loaded.save(tmp_path / f"c.{suffix}").read_bytes() == first
    other = made(scores=SCORES[::-1])
    assert other.save(tmp_path / f"d.{suffix}").read_bytes() != first


def test_the_file_is_a_plain_table(tmp_path):
    frame = pd.read_parquet(made().save(tmp_path / "s.parquet"))
    assert list(frame) == ["image_id", "label", "fold", "p_cat", "p_dog", "p_NA"]
    assert frame["image_id"].tolist() == IDS
    assert frame["label"].isna().tolist() == [False, True, False, False]
    assert frame["p_NA"].tolist() == SCORES[:, 2].tolist()


@given(st.permutations(range(4)), st.integers(0, 4))
def test_align_finds_rows_by_id(order, count):
    wanted = made().take(list(order)[:count])
    found = made().align([IDS[row] for row in order[:count]])
    same(found, wanted)
    assert found.labels.tolist() == [made().labels[row] for row in order[:count]]


def test_align_names_what_is_wrong():
    with pytest.raises(DataError, match=r"no scores for the ids 'b\.jpg', 'c\.jpg'$"):
        made().align(["a.jpg", "b.jpg", "007", "c.jpg"])
    twice = made().take([0, 1, 1])
    with pytest.raises(DataError, match="more than once: '007'"):
        twice.align(["a.jpg"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scores": SCORES[:, :2]}, r"shape \(4, 2\)"),
        ({"scores": SCORES[:3]}, r"need \(4, 3\)"),
        ({"scores": np.where(SCORES == 1.0, np.nan, SCORES)}, "not finite: 'NA'"),
        ({"scores": np.where(SCORES == 1.0, np.inf, SCORES)}, "not finite: 'NA'"),
        ({"scores": SCORES * [[1], [1], [1], [2]]}, "no probabilities .*: 'ö b,c.png'"),
        (
            {"scores": np.vstack([SCORES[:3], [1.0, 0.3, -0.3]])},
            "no probabilities .* 'ö b,c",
        ),
        ({"scores": np.log(SCORES + 1e-9)}, "no probabilities .*'a.jpg', '007', 'NA', 'ö b,c.png'"),
        ({"labels": ["cat"]}, "1 labels for 4 ids"),
        ({"folds": np.zeros(5)}, "5 folds for 4 ids"),
    ],
)
def test_what_is_no_score_matrix_is_refused(changes, words):
    with pytest.raises(DataError, match=words):
        made(**changes)


def test_float32_probabilities_are_good_enough():
    scores = np.random.default_rng(0).dirichlet(np.ones(500), 4).astype(np.float32)
    made(scores=scores, classes=tuple(str(k) for k in range(500)))


def test_scores_cannot_be_changed_by_accident():
    mine = SCORES.copy()
    scores = made(scores=mine)
    mine[0] = 0
    assert np.array_equal(scores.scores, SCORES)
    with pytest.raises(ValueError, match="read-only"):
        scores.scores[0, 0] = 1
    with pytest.raises(AttributeError):
        scores.kind = "test"


def test_targets_and_predictions():
    scores = made()
    assert scores.targets.tolist() == [2, -1, 0, 1]
    assert made(labels=None).targets.tolist() == [-1] * 4
    assert made(labels=["cat", "unicorn", pd.NA, np.nan]).targets.tolist() == [0, -1, -1, -1]
    assert scores.predicted.tolist() == ["NA", "cat", "cat", "cat"]


def test_known_rows_have_a_label_and_a_fold():
    assert made().known.ids.tolist() == ["a.jpg", "NA"]
    assert made(folds=None).known.ids.tolist() == ["a.jpg", "NA", "ö b,c.png"]
    assert made(kind="test").known.ids.tolist() == ["a.jpg", "NA", "ö b,c.png"]
    assert len(made(labels=None).known) == 0


def test_mean_of_scores_in_any_order():
    second = made(scores=SCORES[::-1]).take([2, 0, 3, 1])
    found = mean([made(), second], {"models": 2})
    np.testing.assert_allclose(found.scores, (SCORES + SCORES[::-1]) / 2)
    assert found.ids.tolist() == IDS
    assert dict(found.origin) == {"models": 2}
    assert dict(mean([made()]).origin) == dict(made().origin)
    same(mean([made()] * 3), mean([made()] * 3))
    np.testing.assert_allclose(mean([made()] * 3).scores, SCORES, atol=1e-15)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"image_id,label\na,cat\n", "not a file of scores"),
        (b"id,p_cat,p_dog\na,0.5,0.5\n", "not a file of scores"),
        (b"image_id,p_cat,p_dog\na,0.5,0.1\n", "no probabilities .*'a'"),
        (b"image_id,p_cat,p_dog\na,0.5,\n", "cannot be read"),
        (b"image_id,p_cat,p_dog\na,0.5,x\n", "cannot be read"),
        (b"", "cannot be read"),
    ],
)
def test_other_csv_files_are_refused(tmp_path, content, words):
    (tmp_path / "s.csv").write_bytes(content)
    with pytest.raises(DataError, match=words):
        Predictions.load(tmp_path / "s.csv")


def test_what_is_wrong_in_a_file_names_the_file(tmp_path):
    (tmp_path / "s.csv").write_text("image_id,p_cat\na,0.5\n")
    with pytest.raises(DataError, match=r"^/.*s\.csv: scores that are no probabilities"):
        Predictions.load(tmp_path / "s.csv")


def test_other_files_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"s\.parquet: no such file"):
        Predictions.load(tmp_path / "s.parquet")
    (tmp_path / "s.parquet").write_bytes(b"PAR1 no parquet")
    with pytest.raises(DataError, match="cannot be read"):
        Predictions.load(tmp_path / "s.parquet")
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="not a file of scores"):
        Predictions.load(tmp_path / "t.parquet")


def test_a_table_of_scores_from_elsewhere(tmp_path):
    frame = pd.DataFrame({"image_id": ["a", "b"], "p_dog": [0.25, 1.0], "p_cat": [0.75, 0.0]})
    frame.to_parquet(tmp_path / "s.parquet")
    frame.to_csv(tmp_path / "s.csv", index=False)
    for name in ("s.parquet", "s.csv"):
        loaded = Predictions.load(tmp_path / name)
        assert loaded.classes == ("dog", "cat")
        assert (loaded.labels, loaded.folds) == (None, None)
        assert loaded.predicted.tolist() == ["cat", "dog"]


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, suffix):
    path = made().save(tmp_path / f"s.{suffix}")
    before = path.read_bytes()

    def full(number):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RunError, match="no space left"):
        made(scores=SCORES[::-1]).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
