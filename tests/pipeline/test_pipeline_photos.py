"""What becomes of broken photos, missing labels, groups, copies, weights and a split."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from pipeline_runs import COLOURS, make_photo, run_here

from thresher.errors import DataError, LeakError

ONE = "models.tuned=null"
P = [f"p_{name}" for name in sorted(COLOURS)]


@pytest.fixture
def table(photos):
    """The training photos as a table."""
    paths = sorted((photos / "train").glob("*/*.jpg"))
    ids = [path.relative_to(photos / "train").as_posix() for path in paths]
    return pd.DataFrame({"image_id": ids, "label": [name.split("/")[0] for name in ids]})


@pytest.fixture
def go(photos, small, tmp_path):
    """Runs on a table of the training photos; returns the OOF scores and the run folder."""

    def run(table, *overrides, out="run", images=None, **options):
        file = tmp_path / "table.csv"
        table.to_csv(file, index=False)
        folder = run_here(
            file, small, tmp_path / out, *overrides, images=images or photos / "train", **options
        )
        return pd.read_parquet(folder / "predictions/oof.parquet"), folder

    return run


def fold_of(folder):
    return pd.read_parquet(folder / "folds.parquet").set_index("image_id")["fold"]


def test_broken_and_missing_photos(own_photos, small, tmp_path):
    """Of the training part and of the test part: listed, not trained on, answered with the class shares."""
    train, test = own_photos / "train", own_photos / "test"
    (train / "red/red00.jpg").write_bytes(b"")
    half = (train / "green/green01.jpg").read_bytes()
    (train / "green/green01.jpg").write_bytes(half[: len(half) // 2])
    (test / "t1.jpg").write_text("no photo")
    (test / "t4.jpg").write_bytes(b"\xff\xd8\xff")
    rows = [path.relative_to(train).as_posix() for path in sorted(train.glob("*/*.jpg"))] + ["blue/gone.jpg"]
    pd.DataFrame({"image_id": rows, "label": [name.split("/")[0] for name in rows]}).to_csv(
        tmp_path / "t.csv", index=False
    )
    run = run_here(tmp_path / "t.csv", small, tmp_path / "run", images=train, test=test)

    listed = pd.read_parquet(run / "dataset.parquet").set_index("image_id")
    bad = ["green/green01.jpg", "red/red00.jpg", "blue/gone.jpg", "t1.jpg", "t4.jpg"]
    assert list(listed.index[listed["status"] != "ok"]) == bad
    assert list(listed["status"][bad]) == ["broken", "broken", "missing", "broken", "broken"]
    assert listed["reason"][bad].notna().all()
    assert "gone.jpg" in listed["reason"]["blue/gone.jpg"]
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["photos"] == {"train": 31, "unlabelled": 0, "test": 6, "broken": 5}

    folds, labels = fold_of(run), listed["label"]
    learned = {
        fold: [name for name in rows if folds[name] != fold and listed["status"][name] == "ok"]
        for fold in (0, 1)
    }
    shares = {
        fold: np.array([np.mean([labels[name] == one for name in learned[fold]]) for one in sorted(COLOURS)])
        for fold in (0, 1)
    }
    for model in ("frozen/", "tuned/", ""):
        oof = pd.read_parquet(run / f"predictions/{model}oof.parquet").set_index("image_id")
        scored = pd.read_parquet(run / f"predictions/{model}test.parquet").set_index("image_id")
        assert list(oof.index) == rows
        assert len(scored) == 6
        for name in bad[:3]:
            np.testing.assert_allclose(oof.loc[name, P].to_numpy(float), shares[folds[name]], rtol=1e-12)
        for name in bad[3:]:
            np.testing.assert_allclose(
                scored.loc[name, P].to_numpy(float), (shares[0] + shares[1]) / 2, rtol=1e-12
            )
    for fold in (0, 1):
        assert json.loads((run / f"jobs/tuned/0/fold{fold}/job.json").read_text())["train_photos"] == len(
            learned[fold]
        )
    assert list(pd.read_csv(run / "submission.csv")["image_id"]) == [f"t{number}.jpg" for number in range(6)]
    page = (run / "report.html").read_text()
    assert all(name in page for name in bad)


def test_a_submission_like_the_sample(own_photos, small, tmp_path):
    sample = tmp_path / "sample_submission.csv"
    sample.write_text("id,red,blue,green\nt5,0,0,0\nt0,0,0,0\nt1,0,0,0\nt2,0,0,0\nt3,0,0,0\n")
    (own_photos / "test/t1.jpg").write_bytes(b"")
    run = run_here(
        own_photos / "train", small, tmp_path / "run", ONE, test=own_photos / "test", sample=sample
    )
    found = pd.read_csv(run / "submission.csv", index_col="id")
    assert list(found.index) == ["t5", "t0", "t1", "t2", "t3"]
    assert list(found.columns) == ["red", "blue", "green"]
    np.testing.assert_allclose(found.loc["t1"], [1 / 3] * 3)
    scores = pd.read_parquet(run / "predictions/test.parquet").set_index("image_id")
    np.testing.assert_allclose(
        found["blue"], [scores["p_blue"][f"{name}.jpg"] for name in found.index], rtol=1e-9
    )


def test_groups_stay_in_one_fold(go, table):
    table["person"] = [f"person {number // 3}" for number in range(len(table))]  # some hold two classes
    _, run = go(table, ONE, "data.group=person", "folds.n=3")
    folds = fold_of(run)
    assert set(folds) == {0, 1, 2}
    assert folds.groupby(table["person"].to_numpy()).nunique().max() == 1
    # The intervals are drawn over groups: wider than over photos.
    wide = json.loads((run / "metrics.json").read_text())["oof"]["log_loss"]
    assert wide["low"] < wide["value"] < wide["high"]


def test_a_forced_leak_fails_and_names_the_groups(go, table, tmp_path):
    table["person"] = ["Ann" if number < 4 else f"person {number}" for number in range(len(table))]
    table.assign(fold=np.arange(len(table)) % 2)[["image_id", "fold"]].to_csv(
        tmp_path / "leaky.csv", index=False
    )
    with pytest.raises(LeakError, match="'Ann'"):
        go(table, ONE, "data.group=person", f"folds={{name: given, file: {tmp_path / 'leaky.csv'}}}")
    assert not (tmp_path / "run/predictions").exists()


def test_given_folds(go, table, tmp_path):
    wanted = np.arange(len(table)) % 3 - 1  # -1 is always trained on
    table.assign(fold=wanted)[["image_id", "fold"]].to_csv(tmp_path / "folds.csv", index=False)
    oof, run = go(table, ONE, f"folds={{name: given, file: {tmp_path / 'folds.csv'}}}")
    assert list(fold_of(run)) == list(wanted)
    assert list(oof["image_id"]) == list(table["image_id"][wanted >= 0])


def test_copies_of_a_photo_never_straddle_folds(own_photos, go, table, tmp_path):
    train = own_photos / "train"
    names = []
    for number in range(6):
        name = f"copy{number}.jpg"
        shutil.copy(train / "blue/blue00.jpg", train / name)
        names.append(name)
    more = pd.concat([table, pd.DataFrame({"image_id": names, "label": "blue"})], ignore_index=True)
    _, run = go(more, ONE, images=train)
    assert len(set(fold_of(run)[["blue/blue00.jpg", *names]])) == 1
    # A split made by hand that parts them is refused, and the photo is named.
    more["part"] = [
        "valid" if name == "copy3.jpg" or number % 5 == 1 else "train"
        for number, name in enumerate(more["image_id"])
    ]
    with pytest.raises(LeakError, match=r"copies of blue/blue00\.jpg"):
        go(more, ONE, "data.split=part", images=train, out="split")


def test_a_class_with_fewer_photos_than_folds(go, table):
    few = pd.concat([table[table["label"] != "red"], table[table["label"] == "red"][:2]], ignore_index=True)
    oof, run = go(few, ONE, "folds.n=4")
    assert sorted(oof["fold"].unique()) == [0, 1, 2, 3]
    assert list(oof.columns[3:]) == P
    np.testing.assert_allclose(oof[P].sum(axis=1), 1)
    assert json.loads((run / "metrics.json").read_text())["per_class"]["red"]["count"] == 2


def test_a_class_that_a_fold_does_not_learn(go, table):
    """One photo of it alone: the model that scores it never saw it."""
    few = pd.concat([table[table["label"] != "red"], table[table["label"] == "red"][:1]], ignore_index=True)
    oof, _ = go(few)
    assert np.isfinite(oof[P].to_numpy()).all()
    assert len(oof) == 21


def test_photos_without_a_label_are_scored_and_not_learned(go, table, photos):
    unknown = [3, 12, 29]
    table.loc[unknown, "label"] = None
    oof, run = go(table, test=photos / "test")
    assert list(oof["image_id"]) == list(table["image_id"])
    assert list(np.flatnonzero(oof["fold"] == -1)) == unknown
    assert list(np.flatnonzero(oof["label"].isna())) == unknown
    np.testing.assert_allclose(oof[P].sum(axis=1), 1)
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["photos"]["unlabelled"] == 3
    known = oof.drop(index=unknown)
    right = (known[P].to_numpy().argmax(1) == known["label"].map(sorted(COLOURS).index)).mean()
    assert metrics["oof"]["accuracy"]["value"] == pytest.approx(right)
    assert len(pd.read_parquet(run / "predictions/test.parquet")) == 6


def test_rows_marked_valid_are_the_only_fold(go, table):
    table["part"] = ["valid" if number % 5 == 0 else "train" for number in range(len(table))]
    oof, run = go(table, "data.split=part")
    assert list(oof["image_id"]) == list(table["image_id"][::5])
    assert (oof["fold"] == 0).all()
    assert sorted(path.name for path in (run / "jobs/tuned/0").iterdir()) == ["fold0"]
    assert json.loads((run / "jobs/tuned/0/fold0/job.json").read_text())["train_photos"] == 24


def test_rows_marked_test_are_predicted_only(go, table):
    table["part"] = ["test" if number % 5 == 0 else "train" for number in range(len(table))]
    oof, run = go(table, ONE, "data.split=part")
    assert list(oof["image_id"]) == list(table["image_id"][table.index % 5 != 0])
    test = pd.read_parquet(run / "predictions/test.parquet")
    assert list(test["image_id"]) == list(table["image_id"][::5])
    assert list(test["label"]) == list(table["label"][::5])  # known, kept, and not used


def test_weights_count(go, table):
    plain, _ = go(table)
    table["trust"] = 1.0
    same, _ = go(table, "data.weight=trust", out="ones")
    pd.testing.assert_frame_equal(plain, same)
    table["trust"] = [1.0 if number % 2 else 0.01 for number in range(len(table))]
    other, run = go(table, "data.weight=trust", out="weighted")
    for model in ("frozen", "tuned"):
        weighted = pd.read_parquet(run / f"predictions/{model}/oof.parquet")
        unweighted = pd.read_parquet(run.parent / f"run/predictions/{model}/oof.parquet")
        assert np.abs(weighted[P] - unweighted[P]).to_numpy().max() > 0.01
    assert len(other) == 30


def test_a_photo_that_nothing_can_be_learned_from(own_photos, small, tmp_path):
    for path in (own_photos / "train").glob("[gr]*/*.jpg"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"10 of 30 labelled photos can be read.*green/green00\.jpg: "):
        run_here(own_photos / "train", small, tmp_path / "run")


def test_a_fold_whose_photos_are_all_broken(go, table, own_photos, tmp_path):
    table["fold"] = [number % 3 for number in range(len(table))]
    for name in table["image_id"][table["fold"] == 1]:
        (own_photos / "train" / name).write_bytes(b"")
    table[["image_id", "fold"]].to_csv(tmp_path / "folds.csv", index=False)
    given = f"folds={{name: given, file: {tmp_path / 'folds.csv'}}}"
    oof, run = go(table[["image_id", "label"]], given, images=own_photos / "train")
    assert oof[oof["fold"] == 1][P].round(9).drop_duplicates().shape == (1, 3)
    history = pd.read_parquet(run / "jobs/tuned/0/fold1/history.parquet")
    assert "valid_loss" not in history


def test_photos_that_are_not_square_and_odd_names(small, tmp_path):
    names = ["a, b.jpg", "ümlaut é.png", "line\nbreak.jpg", "p_.jpg"]
    for number, (label, colour) in enumerate([*COLOURS.items()][:2]):
        (tmp_path / "photos" / f"class {label}").mkdir(parents=True)
        for index, name in enumerate(names):
            photo = make_photo(colour, 10 * number + index).resize((30 + 40 * index, 50))
            photo.save(tmp_path / "photos" / f"class {label}" / name)
    run = run_here(
        tmp_path / "photos", small, tmp_path / "run", ONE, test=tmp_path / "photos/class blue", images=None
    )
    oof = pd.read_parquet(run / "predictions/oof.parquet")
    assert set(oof["image_id"]) == {f"class {label}/{name}" for label in ("blue", "green") for name in names}
    assert list(oof.columns[3:]) == ["p_class blue", "p_class green"]
    assert set(pd.read_csv(run / "submission.csv")["image_id"]) == set(names)
