"""What all rules of folds have in common: near copies, and the report of what parting them would do."""

import pandas as pd
import pytest

from thresher.errors import DataError, RecipeError
from thresher.folds import REGISTRY, Labelled, list_folds
from thresher.folds.groups import join_groups
from thresher.recipe.loader import load

NEEDED = {"one_source": {"source": "a"}, "given": {"file": "folds.csv"}}
NAMES = [part.name for part in list_folds()]


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_keeps_near_copies_together_unless_told_otherwise(name):
    needed = NEEDED.get(name, {})
    checked = REGISTRY.check(name, needed)
    assert checked["near_duplicates"] is True
    assert checked["report_leak"] is False
    rule = REGISTRY.build(name, {**needed, "near_duplicates": False})
    assert rule.near_duplicates is False
    with pytest.raises(RecipeError, match=r"report_leak has no effect with near_duplicates: false"):
        REGISTRY.build(name, {**needed, "near_duplicates": False, "report_leak": True})


@pytest.mark.parametrize("name", [name for name in NAMES if name != "given"])
def test_the_leak_can_be_reported(name):
    assert REGISTRY.build(name, {**NEEDED.get(name, {}), "report_leak": True}).report_leak is True


def test_folds_of_a_file_have_no_others_to_compare_with():
    with pytest.raises(RecipeError, match="the folds of a file are not changed"):
        REGISTRY.build("given", {"file": "folds.csv", "report_leak": True})


@pytest.mark.parametrize("key", [{"near_duplicates": False}, {"report_leak": True}])
@pytest.mark.parametrize("name", ["repeated", "one_source"])
def test_within_another_rule_they_have_no_effect(name, key):
    with pytest.raises(RecipeError, match="within another rule"):
        REGISTRY.build(name, {**NEEDED.get(name, {}), "rule": {"name": "stratified", **key}})


def test_they_can_be_set_on_the_command_line_where_the_recipe_says_nothing_of_folds():
    folds = load("quick", ["folds.report_leak=true"]).folds
    assert folds["report_leak"] is True
    assert folds["name"] == "stratified"
    with pytest.raises(RecipeError, match="report_leak has no effect"):
        load("quick", ["folds.report_leak=true", "folds.near_duplicates=false"])


def test_copies_alone_are_no_groups_of_a_user():
    groups = pd.Series(["copies", "copies", None, None, None, None], dtype=object)
    ids = pd.Series(list("abcdef"), dtype=object).to_numpy()
    targets = pd.Series([0, 0, 1, 1, 0, 1]).to_numpy()
    for name in ("group", "stratified_group"):
        rule = REGISTRY.build(name, {"n": 2})
        with pytest.raises(DataError, match="no photos belong together"):
            rule.deal(Labelled(ids, targets, groups, named=False), 0)
        assert len(rule.deal(Labelled(ids, targets, groups), 0)) == 6


def test_clusters_join_groups_and_copies():
    groups = pd.Series(["Ann", "Bob", None, None, None, None, None], dtype=object)
    content = pd.Series(["1", "2", "3", "3", "4", "5", "6"], dtype=object).to_numpy()
    clusters = pd.Series([7, 7, 2, -1, 2, -1, 9]).to_numpy()
    joined = join_groups(groups, content, clusters)
    assert joined[0] == joined[1] == "Ann"  # near copies among the photos of two people
    assert joined[2] == joined[3] == joined[4]
    assert joined[2] != "Ann"
    assert joined[5:].isna().all()  # a cluster of one is none
    assert join_groups(None, content[4:], clusters[4:]) is None
