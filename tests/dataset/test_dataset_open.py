import numpy as np
import pandas as pd
import pytest

from thresher.dataset.limit import allot
from thresher.dataset.open import open_dataset
from thresher.errors import DataError
from thresher.recipe.schema import DataSection


def make(root, rows, name="train.csv", images="train", header=("image_id", "label")):
    """A table and its (empty) photo files."""
    for row in rows:
        (root / images / row[0]).parent.mkdir(parents=True, exist_ok=True)
        (root / images / row[0]).touch()
    pd.DataFrame(rows, columns=list(header)).to_csv(root / name, index=False)
    return root / name


def labelled(count, classes=("cat", "dog"), prefix="p"):
    return [(f"{prefix}{number:03d}.jpg", classes[number % len(classes)]) for number in range(count)]


def test_a_table_with_a_test_folder(tmp_path):
    path = make(tmp_path, labelled(6))
    for name in ("t1.jpg", "more/t2.jpg"):
        (tmp_path / "test" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "test" / name).touch()
    dataset = open_dataset(path, test=tmp_path / "test")
    assert dataset.ids.tolist() == [row[0] for row in labelled(6)] + ["more/t2.jpg", "t1.jpg"]
    assert dataset.is_test.tolist() == [False] * 6 + [True] * 2
    assert dataset.classes == ("cat", "dog")
    assert dataset.labelled.sum() == 6


def test_a_class_folder_with_a_test_folder(class_folder, tmp_path):
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "x.png").touch()
    dataset = open_dataset(class_folder, test=tmp_path / "later")
    assert len(dataset) == 37
    assert dataset.is_test.sum() == 1
    given = open_dataset(class_folder, section=DataSection(classes=("red", "blue", "green", "pink")))
    assert given.classes == ("red", "blue", "green", "pink")
    assert given.targets[0] == 1


@pytest.mark.parametrize("images", ["test", "train", "elsewhere"])
def test_a_test_table_and_its_photos(tmp_path, images):
    path = make(tmp_path, labelled(4), images="elsewhere" if images == "elsewhere" else "train")
    rows = [("t1.jpg", "dog"), ("t2.jpg", "wolf"), ("t3.jpg", None)]
    test = make(tmp_path, rows, "answers.csv", images)
    dataset = open_dataset(path, tmp_path / images if images == "elsewhere" else None, test)
    assert dataset.frame["split"].tolist() == ["train"] * 4 + ["test"] * 3
    assert dataset.frame["label"].tolist()[4:] == ["dog", None, None]
    assert dataset.usable.all()
    assert dataset.classes == ("cat", "dog")
    assert "1 labels that no training photo has" in dataset.notes[-1]
    assert dataset.labelled.sum() == 4


def test_ids_in_both_parts(tmp_path):
    path = make(tmp_path, labelled(4))
    test = make(tmp_path, [("p001.jpg", ""), ("x.jpg", "")], "test.csv", "test")
    with pytest.raises(DataError, match=r"same id: 'p001\.jpg'\. Give the files distinct names"):
        open_dataset(path, test=test)
    (tmp_path / "test" / "p001.jpg").unlink()
    (tmp_path / "test" / "x.jpg").unlink()
    make(tmp_path, [("x.jpg", "")], "unused.csv", "train")
    with pytest.raises(DataError, match=r"in the training and in the test part: 'p001\.jpg'"):
        open_dataset(path, test=test)


def test_nothing_to_learn_from(tmp_path, class_folder):
    for rows, message in [
        ([("a.jpg", ""), ("b.jpg", "")], "no photo has a label"),
        ([("a.jpg", "cat"), ("b.jpg", "cat"), ("c.jpg", "")], "all labelled photos are 'cat'.*two classes"),
    ]:
        with pytest.raises(DataError, match=message):
            open_dataset(make(tmp_path, rows))
    path = make(tmp_path, [("a.jpg", "cat"), ("b.jpg", "dog")])
    (tmp_path / "train" / "b.jpg").unlink()
    with pytest.raises(DataError, match=r"all labelled photos are 'cat'.*no file"):
        open_dataset(path)
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "x.jpg").touch()
    with pytest.raises(DataError, match="no photo has a label"):
        open_dataset(tmp_path / "flat")
    with pytest.raises(DataError, match="no column 'label'"):
        open_dataset(make(tmp_path, labelled(4), header=("image_id", "kind")))
    path = make(
        tmp_path, [("a.jpg", "x", "valid"), ("b.jpg", "y", "valid")], header=("image_id", "label", "split")
    )
    with pytest.raises(DataError, match="no labelled row has the split 'train'"):
        open_dataset(path, section=DataSection(split="split"))


def test_what_does_not_fit_together(tmp_path, class_folder):
    with pytest.raises(DataError, match="Leave --images out"):
        open_dataset(class_folder, images=tmp_path)
    with pytest.raises(DataError, match=r"data\.group names a column"):
        open_dataset(class_folder, section=DataSection(group="person"))
    with pytest.raises(DataError, match=r"not among data\.classes: 'blue'; did you mean 'blues'"):
        open_dataset(class_folder, section=DataSection(classes=("blues", "green", "red")))
    with pytest.raises(DataError, match="no such file"):
        open_dataset(tmp_path / "nope.csv")
    with pytest.raises(DataError, match="no such folder or file of test photos"):
        open_dataset(class_folder, test=tmp_path / "nope")


def test_limit_is_stratified_and_repeatable(tmp_path):
    rows = [
        (f"{number:03d}.jpg", "a" if number < 80 else "b" if number < 97 else "c") for number in range(100)
    ]
    rows += [(f"u{number}.jpg", "") for number in range(30)]
    path = make(tmp_path, rows)
    test = make(tmp_path, [(f"t{number}.jpg", "") for number in range(25)], "test.csv", "test")
    dataset = open_dataset(path, test=test, section=DataSection(limit=20))
    assert dataset.labelled.sum() == dataset.is_test.sum() == 20
    assert (~dataset.labelled & ~dataset.is_test).sum() == 20
    counts = dataset.frame["label"].value_counts()
    assert counts["c"] == 2
    assert counts["b"] in (3, 4)
    assert dataset.classes == ("a", "b", "c")
    assert dataset.ids[:20].tolist() == sorted(dataset.ids[:20])  # still in the order of the table
    again = open_dataset(path, test=test, section=DataSection(limit=20))
    assert again.frame.equals(dataset.frame)
    whole = open_dataset(path, test=test)
    assert open_dataset(path, test=test, section=DataSection(limit=1000)).frame.equals(whole.frame)
    assert dataset.ids[:20].tolist() != whole.ids[:20].tolist()


def test_limit_prefers_photos_that_are_there(tmp_path):
    path = make(tmp_path, labelled(40))
    for number in range(30):
        (tmp_path / "train" / f"p{number:03d}.jpg").unlink()
    assert open_dataset(path, section=DataSection(limit=8)).usable.all()


def test_allot():
    rng = np.random.default_rng(0)
    for _ in range(300):
        counts = rng.integers(1, 50, rng.integers(1, 9))
        if counts.sum() < 2:
            continue
        total = int(rng.integers(1, counts.sum()))
        shares = allot(counts, total)
        assert shares.sum() == total
        assert (shares <= counts).all()
        assert (shares >= 0).all()
        if total >= 2 * len(counts):
            assert (shares >= np.minimum(counts, 2)).all()
    assert allot(np.array([900, 100]), 100).tolist() == [90, 10]


def test_real_tables(real_data):
    art = real_data / "art7"
    dataset = open_dataset(art / "train.csv", art / "train", art / "test")
    assert (len(dataset), dataset.is_test.sum(), len(dataset.classes)) == (1433, 205, 7)
    assert dataset.usable.all()
    by_table = open_dataset(art / "train.csv", test=art / "sample_submission.csv")
    assert by_table.frame["path"].tolist() == dataset.frame["path"].tolist()
