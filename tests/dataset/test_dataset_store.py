import hashlib

import numpy as np
import pandas as pd
import pytest

from thresher.dataset.fingerprint import fingerprint
from thresher.dataset.folder import read_folder
from thresher.dataset.frame import build_frame
from thresher.dataset.store import load_dataset, save_dataset
from thresher.dataset.table import Dataset
from thresher.errors import DataError


def text(*values):
    return np.array(values, dtype=object)


@pytest.fixture
def dataset():
    frame = build_frame(
        text("a.jpg", "new\nline, ä.jpg", "c.jpg"),
        text("/x/a.jpg", "/x/new\nline, ä.jpg", "/x/c.jpg"),
        label=text("cat", None, "dog"),
        group=text(None, "g", "g"),
        weight=np.array([1, 0.5, 2]),
        status=text("ok", "broken", "missing"),
        reason=text(None, "truncated", "no such file"),
    )
    return Dataset(frame, ("dog", "cat", "bird"), ("one note",))


HASHES = ["aa", "bb", None]


def test_round_trip(dataset, tmp_path):
    save_dataset(dataset, tmp_path / "d.parquet", {"fingerprint": "abc", "n": [1, 2.5, None]})
    again, extra = load_dataset(tmp_path / "d.parquet")
    assert extra == {"fingerprint": "abc", "n": [1, 2.5, None]}
    assert again.classes == dataset.classes
    assert again.notes == dataset.notes
    assert again.frame.equals(dataset.frame)
    assert again.frame["label"].tolist() == ["cat", None, "dog"]
    assert again.frame["source"].tolist() == [None] * 3
    plain = pd.read_parquet(tmp_path / "d.parquet")
    assert plain["image_id"].tolist() == dataset.ids.tolist()
    assert plain["weight"].dtype == np.float64


def test_more_columns_are_kept(dataset, tmp_path):
    wider = dataset.with_columns(width=np.array([10, 20, 0]), content=text("aa", "bb", None))
    save_dataset(wider, tmp_path / "d.parquet")
    again, extra = load_dataset(tmp_path / "d.parquet")
    assert extra == {}
    assert again.frame["width"].tolist() == [10, 20, 0]


def test_equal_data_sets_make_equal_files(dataset, tmp_path):
    digests = set()
    for name in ("1.parquet", "2.parquet"):
        save_dataset(dataset, tmp_path / name)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
        dataset, _ = load_dataset(tmp_path / name)
    assert len(digests) == 1


def test_what_is_no_data_set(tmp_path):
    with pytest.raises(DataError, match="no such data set"):
        load_dataset(tmp_path / "x.parquet")
    (tmp_path / "x.parquet").write_bytes(b"PAR1 hello")
    with pytest.raises(DataError, match="not a whole parquet file"):
        load_dataset(tmp_path / "x.parquet")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "y.parquet")
    with pytest.raises(DataError, match="not a data set that Thresher wrote"):
        load_dataset(tmp_path / "y.parquet")


def test_a_fingerprint_changes_with_all_that_matters_and_nothing_else(dataset):
    base = fingerprint(dataset, HASHES)
    assert base == fingerprint(dataset, np.array(HASHES, dtype=object))
    assert len(base) == 20
    moved = dataset.with_columns(path=text("/y/a", "/y/b", "/y/c"), source=text("web", None, None))
    assert fingerprint(moved, HASHES) == base
    changed = {
        "photo": fingerprint(dataset, ["aa", "bc", None]),
        "label": fingerprint(dataset.with_columns(label=text("cat", "cat", "dog")), HASHES),
        "no label": fingerprint(dataset.with_columns(label=text("cat", None, None)), HASHES),
        "group": fingerprint(dataset.with_columns(group=text("g", "g", "g")), HASHES),
        "split": fingerprint(dataset.with_columns(split=text("train", "valid", "train")), HASHES),
        "weight": fingerprint(dataset.with_columns(weight=np.array([1, 0.5, 2.5])), HASHES),
        "status": fingerprint(dataset.with_columns(status=text("ok", "ok", "missing")), HASHES),
        "id": fingerprint(dataset.with_columns(image_id=text("a", "b", "c")), HASHES),
        "order": fingerprint(dataset.take([1, 0, 2]), ["bb", "aa", None]),
        "classes": fingerprint(Dataset(dataset.frame, ("cat", "dog", "bird")), HASHES),
        "fewer": fingerprint(dataset.take([0, 1]), HASHES[:2]),
    }
    assert len({base, *changed.values()}) == len(changed) + 1
    with pytest.raises(ValueError, match="2 content hashes for 3 rows"):
        fingerprint(dataset, HASHES[:2])


def test_a_fingerprint_survives_saving_and_is_a_constant(dataset, tmp_path):
    save_dataset(dataset, tmp_path / "d.parquet")
    again, _ = load_dataset(tmp_path / "d.parquet")
    assert fingerprint(again, HASHES) == fingerprint(dataset, HASHES)


def test_a_read_folder_can_be_saved(class_folder, tmp_path):
    dataset = read_folder(class_folder)
    save_dataset(dataset, tmp_path / "d.parquet")
    assert load_dataset(tmp_path / "d.parquet")[0].frame.equals(dataset.frame)
