"""Recipes that choose among sources, and tables that name none."""

import pandas as pd
import pytest

from thresher import Recipe
from thresher.errors import DataError
from thresher.recipe.loader import dump, load
from thresher.recipe.sources import without_source

TWO = """
data: {source: origin}
folds: {name: one_source, source: new, rule: {name: stratified, n: 3}, near_duplicates: false}
models:
  a:
    stages:
      - {kind: train, sampling: {name: source_filter, sources: [new]}}
      - {kind: train, sampling: {name: chain, parts: [{name: source_filter, sources: [new]}, over_sample]}}
      - kind: train
        sampling: {name: chain, parts: [{name: source_filter, classes: {old: [x]}}]}
  b: {stages: [{kind: train, sampling: class_balanced}]}
"""
ONE = """
folds: {name: stratified, n: 3, near_duplicates: false}
models:
  a:
    stages:
      - {kind: train}
      - {kind: train, sampling: {name: chain, parts: [over_sample]}}
      - {kind: train}
  b: {stages: [{kind: train, sampling: class_balanced}]}
"""


def written(folder, name, text):
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return path


def same(one, other):
    return one.model_copy(update={"name": ""}) == other.model_copy(update={"name": ""})


def test_all_photos_become_one_source(tmp_path):
    two, one = load(written(tmp_path, "two", TWO)), load(written(tmp_path, "one", ONE))
    assert same(without_source(two), one)
    assert without_source(one) is one  # nothing to take back
    assert two.folds["name"] == "one_source"  # not changed in place


def test_repeated_folds_of_one_source():
    folds = {"name": "repeated", "repeats": 2, "rule": {"name": "kfold", "n": 4}}
    recipe = Recipe.model_validate(
        {
            "models": {"a": {}},
            "data": {"source": "s"},
            "folds": {"name": "one_source", "source": "x", "rule": folds},
        }
    )
    plain = without_source(recipe).folds
    assert (plain["name"], plain["repeats"], plain["rule"]["name"], plain["rule"]["n"]) == (
        "repeated",
        2,
        "kfold",
        4,
    )


def test_null_on_the_command_line_and_in_a_file_takes_the_source_back(tmp_path):
    one = load(written(tmp_path, "one", ONE))
    path = written(tmp_path, "two", TWO)
    assert same(load(path, ["data.source=null"]), one)
    mine = written(tmp_path, "mine", f"base: {path}\ndata: {{source: null}}\n")
    assert same(load(mine), one)
    again = written(tmp_path, "again", dump(load(path)))
    assert same(load(again), load(path))  # a dump of a recipe with a source keeps it
    # A filter without any word of sources stays: the run says that the column is missing.
    bare = written(tmp_path, "bare", TWO.replace("data: {source: origin}\n", ""))
    assert load(bare).folds["name"] == "one_source"


def test_source_and_claim_are_not_inherited(tmp_path):
    first = "source: A team\nclaim: all of them right\nmodels: {a: {}}\n"
    path = written(tmp_path, "first", first)
    assert (load(path).source, load(path).claim) == ("A team", "all of them right")
    mine = load(written(tmp_path, "mine", f"base: {path}\n"))
    assert (mine.source, mine.claim) == ("", "")


def test_a_table_without_the_column_is_told_how_to_go_on(tmp_path, class_folder):
    from thresher.dataset.open import open_dataset
    from thresher.dataset.tabular import has_column

    section = load(written(tmp_path, "two", TWO)).data
    names = sorted(path.relative_to(class_folder).as_posix() for path in class_folder.glob("*/*.jpg"))
    table = pd.DataFrame({"image_id": names, "label": [name.split("/")[0] for name in names]})
    table.to_csv(tmp_path / "t.csv", index=False)
    for data in (tmp_path / "t.csv", class_folder):
        with pytest.raises(DataError, match=r"--set data\.source=null"):
            open_dataset(data, class_folder if data.suffix else None, None, section)
        assert not has_column(data, "origin")
    assert has_column(tmp_path / "t.csv", "label")
    with pytest.raises(DataError) as found:
        open_dataset(tmp_path / "t.csv", class_folder, None, section.model_copy(update={"group": "who"}))
    assert "data.source=null" not in str(found.value)  # said of the source alone
