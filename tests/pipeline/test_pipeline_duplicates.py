"""Near copies stay in one fold, the run says what that changed, and the leak is measured when asked."""

import json

import numpy as np
import pandas as pd
import pytest
from copies_kit import Told, save_scenes
from pipeline_runs import run_here

from thresher.errors import DataError, LeakError, RecipeError
from thresher.run_folder import RunFolder

ONE = "models.tuned=null"
HASH_ONLY = "models.frozen=null"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return save_scenes(tmp_path_factory.mktemp("copies"))


@pytest.fixture
def go(data, small, tmp_path):
    root, table = data

    def run(*overrides, out="run", given=None, **options):
        file = tmp_path / "table.csv"
        (table if given is None else given).to_csv(file, index=False)
        told = Told()
        folder = run_here(file, small, tmp_path / out, *overrides, images=root, progress=told, **options)
        return folder, told.lines

    return run


def fold_of(folder):
    return pd.read_parquet(folder / "folds.parquet").set_index("image_id")["fold"]


PAIRS = [(f"a{place}.png", f"small{place}.png") for place in range(6)] + [("a6.png", "mirrored.jpg")]


@pytest.mark.parametrize("models", [ONE, HASH_ONLY + " models.tuned.stages.0=null"], ids=["features", "hash"])
def test_near_copies_stay_together(go, models):
    overrides = models.split()
    if len(overrides) > 1:  # a model without a linear stage needs no features: hashes alone tell
        overrides[1] = "models.tuned.stages=[{kind: train, epochs: 1, batch_size: 6, precision: fp32}]"
    folder, lines = go(*overrides, "folds.n=5", "seed=3")
    folds = fold_of(folder)
    assert all(folds[one] == folds[other] for one, other in PAIRS)
    table = pd.read_parquet(folder / "duplicates.parquet")
    assert list(table) == ["image_id", "cluster", "kind", "of", "distance", "agreement"]
    found = {frozenset(part["image_id"]) for _, part in table.groupby("cluster")}
    assert found == {frozenset(pair) for pair in PAIRS}
    assert set(table.set_index("image_id")["kind"][["a6.png", "mirrored.jpg"]]) == {"flipped"}
    leak = json.loads((folder / "metrics.json").read_text())["leak"]
    assert leak["clusters"] == 7
    assert leak["rows"] == 14
    # The same rule without them, beside a count written out.
    plain, _ = go(*overrides, "folds.n=5", "seed=3", "folds.near_duplicates=false", out="plain")
    before = fold_of(plain)
    apart = sum(before[one] != before[other] for one, other in PAIRS)
    assert apart >= 3
    assert (leak["rows_apart"], leak["rows_moved"]) == (2 * apart, apart)
    said = [line for line in lines if "sets of copies" in line]
    assert said == [
        "7 sets of copies (14 photos, exact and near) stay together in folds; dealt singly, "
        f"{2 * apart} photos would have a copy in another fold, and {apart} had to move"
    ]
    assert not (plain / "duplicates.parquet").exists()
    assert "leak" not in json.loads((plain / "metrics.json").read_text())


def test_the_leak_is_measured_with_the_folds_that_would_have_been(go):
    folder, lines = go(ONE, "folds.n=5", "seed=3", "folds.report_leak=true")
    metrics = json.loads((folder / "metrics.json").read_text())
    leak = metrics["leak"]
    # The frozen model is that linear head: its own score is the one without the leak.
    assert leak["model"] == "frozen"
    assert leak["accuracy"]["value"] == pytest.approx(metrics["oof"]["accuracy"]["value"])
    plain, _ = go(ONE, "folds.n=5", "seed=3", "folds.near_duplicates=false", out="plain")
    other = json.loads((plain / "metrics.json").read_text())["oof"]["accuracy"]["value"]
    assert leak["accuracy_with_leak"]["value"] == pytest.approx(other, abs=0.03)  # inner folds differ
    assert leak["difference"]["value"] == pytest.approx(
        leak["accuracy_with_leak"]["value"] - leak["accuracy"]["value"]
    )
    ids = {name for pair in PAIRS for name in pair}
    oof = pd.read_parquet(folder / "predictions/oof.parquet")
    part = oof[oof["image_id"].isin(ids)]
    right = part[["p_a", "p_b", "p_c"]].to_numpy().argmax(1) == part["label"].map(["a", "b", "c"].index)
    assert leak["accuracy_of_copies"]["value"] == pytest.approx(right.mean())
    assert any(line.startswith("with near copies in other folds the accuracy would be") for line in lines)


def test_the_leak_of_trained_models_is_measured_with_a_linear_head(go):
    trained = "models.tuned.stages=[{kind: train, epochs: 1, batch_size: 12, precision: fp32}]"
    folder, lines = go(HASH_ONLY, trained, "folds.report_leak=true", "seed=3")
    leak = json.loads((folder / "metrics.json").read_text())["leak"]
    assert leak["model"] == "tuned"
    assert {"accuracy", "accuracy_with_leak", "difference", "p"} <= set(leak)
    assert any("with a linear head on frozen features of tuned" in line for line in lines)


def test_without_anything_to_measure_it_is_said(go, data):
    alone = data[1][~data[1]["image_id"].str.contains("small|mirrored")]
    folder, lines = go(ONE, "folds.report_leak=true", given=alone)
    leak = json.loads((folder / "metrics.json").read_text())["leak"]
    assert leak["clusters"] == 0
    assert leak["why_not"] == "no near copies would stand in two folds"
    assert "the leak was not measured: no near copies would stand in two folds" in lines


def test_given_folds_are_not_changed_but_warned_of(go, data, tmp_path):
    table = data[1].assign(fold=np.arange(len(data[1])) % 2)
    table[["image_id", "fold"]].to_csv(tmp_path / "folds.csv", index=False)
    folder, lines = go(ONE, f"folds={{name: given, file: {tmp_path / 'folds.csv'}}}")
    assert list(fold_of(folder)) == list(table["fold"])
    said = "7 sets of copies (14 photos, exact and near): 14 photos have one in another fold, so the score is"
    assert f"{said} too good" in lines
    assert json.loads((folder / "metrics.json").read_text())["leak"]["rows_apart"] == 14


def test_rows_marked_valid_are_not_changed_either(go, data):
    table = data[1].assign(
        part=["valid" if name.startswith("small") else "train" for name in data[1]["image_id"]]
    )
    folder, lines = go(ONE, "data.split=part", given=table)
    assert (fold_of(folder)[[name for _, name in PAIRS[:6]]] == 0).all()
    assert any("12 photos have one in another fold" in line for line in lines)
    with pytest.raises(RecipeError, match="rows marked valid"):
        go(ONE, "data.split=part", "folds.report_leak=true", given=table, out="asked")


def test_exact_copies_parted_by_hand_are_still_an_error(go, data, tmp_path):
    root, table = data
    copy = root / "again.png"
    copy.write_bytes((root / "c1.png").read_bytes())
    more = pd.concat([table, pd.DataFrame({"image_id": ["again.png"], "label": ["c"]})], ignore_index=True)
    more.assign(fold=np.arange(len(more)) % 2)[["image_id", "fold"]].to_csv(tmp_path / "f.csv", index=False)
    assert fold_differs(tmp_path / "f.csv", "c1.png", "again.png")
    with pytest.raises(LeakError, match=r"copies of c1\.png"):
        go(ONE, f"folds={{name: given, file: {tmp_path / 'f.csv'}}}", given=more)
    copy.unlink()


def fold_differs(file, one, other):
    folds = pd.read_csv(file).set_index("image_id")["fold"]
    return folds[one] != folds[other]


def test_photos_that_near_copies_leave_too_few_of(go, data):
    few = data[1][data[1]["image_id"].isin(["a0.png", "small0.png", "a6.png", "mirrored.jpg"])]
    with pytest.raises(DataError, match=r"2 groups cannot fill 3 folds.*folds\.near_duplicates=false"):
        go(ONE, "folds.n=3", given=few)


def test_what_was_found_is_not_looked_for_again(go, monkeypatch):
    folder, _ = go(ONE)
    first = (folder / "duplicates.parquet").read_bytes()
    calls = []

    def find(*args, **kwargs):
        calls.append(args)
        raise AssertionError("it is there")

    monkeypatch.setattr("thresher.pipeline.copies.find_links", find)
    again, _ = go(ONE, "models.frozen.stages.0.inner_folds=3")
    assert (again / "duplicates.parquet").read_bytes() == first
    assert not calls
    with pytest.raises(AssertionError, match="it is there"):  # other features may tell more
        go(ONE, "models.frozen.image_size=48")


def test_a_run_beside_another_takes_over_its_copies(go, monkeypatch):
    """Variants of a recipe are compared on the same folds, whatever their networks find alike."""
    first, _ = go(ONE)

    def find(*args, **kwargs):
        raise AssertionError("it is known")

    monkeypatch.setattr("thresher.pipeline.copies.find_links", find)
    second, _ = go(ONE, "models.frozen.image_size=48", out="second", beside=[RunFolder(first)])
    assert fold_of(second).equals(fold_of(first))
    tables = [pd.read_parquet(run / "duplicates.parquet") for run in (first, second)]
    assert tables[0].equals(tables[1])
    again, _ = go(ONE, "models.frozen.image_size=48", out="second")  # as its own key says
    assert fold_of(again).equals(fold_of(first))
