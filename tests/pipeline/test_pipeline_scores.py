"""Scores of runs and files, brought together by id: what does not match is found and named."""

import numpy as np
import pandas as pd
import pytest

from thresher.dataset.frame import build_frame
from thresher.dataset.store import save_dataset
from thresher.dataset.table import Dataset
from thresher.errors import DataError, LeakError, RunError
from thresher.pipeline.outer import outer_folds
from thresher.pipeline.scores import gather
from thresher.predictions import Predictions
from thresher.recipe.schema import DataSection
from thresher.run_folder import RunFolder

CLASSES = ("cat", "dog", "eel")
ROWS = 60


def made(seed=0, rows=ROWS, kind="oof", folds=3):
    """Scores that are mostly right; labels and ids are the same for all seeds."""
    targets = np.arange(rows) % 3
    rng = np.random.default_rng(seed)
    logits = 2.0 * np.eye(3)[targets] + rng.normal(0, 1, (rows, 3))
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    ids = np.array([f"{kind}{row:03d}.jpg" for row in range(rows)], dtype=object)
    labels = None if kind == "test" else np.array(CLASSES, dtype=object)[targets]
    dealt = np.random.default_rng(9).permutation(np.arange(rows) % folds) if folds else None
    return Predictions(ids, scores, CLASSES, kind, labels, dealt)


def save(scores, path, columns="p", seed=None, drop=(), fold=True):
    """A file of scores as somebody else would write it: shuffled, with columns of another kind."""
    frame = scores.to_frame()
    if not fold:
        frame = frame.drop(columns="fold")
    values = frame[[f"p_{name}" for name in CLASSES]].to_numpy()
    if columns == "c":
        frame = frame.drop(columns=["label", *(f"p_{name}" for name in CLASSES)])
        frame[["c0", "c1", "c2"]] = values
    elif columns == "logits":
        frame = frame.drop(columns="label")
        frame[[f"p_{name}" for name in CLASSES]] = np.log(values) + 3
    elif columns == "reversed":
        frame = frame[[*(c for c in frame if not c.startswith("p_")), *(f"p_{n}" for n in CLASSES[::-1])]]
    frame = frame[~frame["image_id"].isin(drop)]
    if seed is not None:
        frame = frame.sample(frac=1, random_state=seed)
    frame.to_parquet(path, index=False) if path.suffix == ".parquet" else frame.to_csv(path, index=False)
    return path


def save_labels(path, scores, **more):
    pd.DataFrame({"image_id": scores.ids, "label": scores.labels, **more}).to_csv(path, index=False)
    return path


def save_run(root, models, tests=None, groups=None):
    """The files of a run that matter here."""
    run = RunFolder(root)
    root.mkdir()
    run.recipe.write_text("name: made\n")
    for name, scores in models.items():
        scores.save(run.predictions("oof", name))
        if tests:
            tests[name].save(run.predictions("test", name))
    first = next(iter(models.values()), None)
    if groups is not None:
        frame = build_frame(first.ids, first.ids, label=first.labels, group=groups)
        frame["content"] = first.ids  # no copies
        save_dataset(Dataset(frame, CLASSES), run.dataset)
    return root


def test_files_of_any_order_and_naming(tmp_path):
    wanted = {name: made(seed) for seed, name in enumerate("abcd")}
    files = [
        save(wanted["a"], tmp_path / "a.parquet", seed=1),
        save(wanted["b"], tmp_path / "b.csv", "c", seed=2),
        save(wanted["c"], tmp_path / "c.csv", "logits", seed=3),
        save(wanted["d"], tmp_path / "d.csv", "reversed", seed=4),
    ]
    found = gather(files, save_labels(tmp_path / "train.csv", made()))
    assert list(found.models) == list("abcd")
    for name, one in found.models.items():
        assert list(one.ids) == list(made().ids)
        assert one.classes == CLASSES
        assert list(one.labels) == list(made().labels)
        np.testing.assert_allclose(one.scores, wanted[name].scores, atol=1e-9)
    assert list(found.folds) == list(made().folds)
    assert found.groups is None
    assert found.tests == {}
    assert any("c.csv" in note and "softmax" in note for note in found.notes)


def test_files_with_labels_of_their_own_need_no_table(tmp_path):
    files = [save(made(seed), tmp_path / f"{seed}.parquet", seed=seed) for seed in (0, 1)]
    found = gather(files)
    np.testing.assert_allclose(found.models["1"].align(made().ids).scores, made(1).scores)
    bare = save(made(), tmp_path / "bare.csv", "c")
    with pytest.raises(DataError, match=r"bare.csv: no .*(labels|p_<class>)"):
        gather([bare])


def test_what_does_not_match_is_named(tmp_path):
    labels = save_labels(tmp_path / "train.csv", made())
    whole = save(made(), tmp_path / "whole.csv")
    lacking = save(made(1), tmp_path / "lacking.csv", drop=["oof003.jpg", "oof007.jpg"])
    with pytest.raises(DataError, match=r"lacking.csv: no scores for 2 of 60 .* 'oof003.jpg', 'oof007.jpg'"):
        gather([whole, lacking], labels)
    found = gather([whole, lacking], labels, common=True)
    assert [len(one) for one in found.models.values()] == [58, 58]
    assert "oof003.jpg" not in found.models["whole"].ids
    with pytest.raises(DataError, match=r"lacking has no scores for photos that whole scored: 'oof003.jpg'"):
        gather([whole, lacking])
    assert [len(one) for one in gather([lacking, whole], common=True).models.values()] == [58, 58]

    other = made(1)
    labels_of = other.labels.copy()
    labels_of[4] = "eel"
    changed = Predictions(other.ids, other.scores, CLASSES, "oof", labels_of, other.folds)
    with pytest.raises(DataError, match=r"other labels of the photos 'oof004.jpg'"):
        gather([whole, save(changed, tmp_path / "changed.csv")])
    fox = Predictions(other.ids, other.scores, ("cat", "dog", "fox"), "oof", None, other.folds)
    foreign = save_run(tmp_path / "fox", {"m": Predictions(**{**vars(fox), "labels": None})})
    with pytest.raises(DataError, match=r"the run has no|no photo|know other classes|nothing"):
        gather([save_run(tmp_path / "run", {"m": made()}), foreign])


def test_classes_in_another_order_are_put_in_order(tmp_path):
    first, other = made(), made(1)
    order = [2, 0, 1]
    turned = Predictions(
        other.ids, other.scores[:, order], [CLASSES[i] for i in order], "oof", other.labels, other.folds
    )
    one, two = save_run(tmp_path / "one", {"m": first}), save_run(tmp_path / "two", {"m": turned})
    found = gather([one, two])
    assert list(found.models) == ["one/m", "two/m"]
    np.testing.assert_allclose(found.models["two/m"].scores, other.scores)
    assert any("two/m has its classes in another order than one/m" in note for note in found.notes)


def test_runs_bring_models_tests_groups_and_folds(tmp_path):
    groups = np.array([f"g{row // 3}" if row < 30 else None for row in range(ROWS)], dtype=object)
    dealt = np.where(np.arange(ROWS) < 30, np.arange(ROWS) // 3 % 3, np.arange(ROWS) % 3)

    def scored(seed):
        one = made(seed)
        return Predictions(one.ids, one.scores, CLASSES, "oof", one.labels, dealt)

    tests = {"lite": made(5, 9, "test"), "wide": made(6, 9, "test")}
    run = save_run(tmp_path / "run", {"lite": scored(0), "wide": scored(1)}, tests, groups)
    found = gather([run])
    assert list(found.models) == ["lite", "wide"]
    np.testing.assert_allclose(found.tests["wide"].scores, tests["wide"].scores)
    assert len(set(found.groups[:30])) == 10
    assert len(set(found.groups)) == 40
    assert list(found.folds) == list(dealt)
    file = save(made(2), tmp_path / "mine.csv", "c", seed=3)
    both = gather([run, file])
    assert list(both.models) == ["run/lite", "run/wide", "mine"]
    assert any("'mine' has other folds than run/lite" in note for note in both.notes)
    assert any("no scores of test photos by 'mine'" in note for note in both.notes)
    assert both.tests == {}
    with_test = gather([run, file], tests=[save(made(7, 9, "test"), tmp_path / "t.csv", fold=False)])
    assert list(with_test.tests) == ["run/lite", "run/wide", "mine"]
    np.testing.assert_allclose(with_test.tests["mine"].scores, made(7, 9, "test").scores, atol=1e-9)


def test_groups_of_the_table_are_kept_together_and_torn_ones_are_an_error(tmp_path):
    person = [f"person{row // 6}" for row in range(ROWS)]
    labels = save_labels(tmp_path / "train.csv", made(), person=person)
    file = save(made(), tmp_path / "a.csv", fold=False)
    found = gather([file], labels, section=DataSection(group="person"), folds=4)
    pairs = set(zip(found.groups, found.folds, strict=True))
    assert len(pairs) == 10
    assert len(set(found.folds)) == 4
    assert any("4 were dealt" in note for note in found.notes)
    with pytest.raises(LeakError, match="more than one fold"):
        gather([save(made(), tmp_path / "b.csv")], labels, section=DataSection(group="person"))
    with pytest.raises(DataError, match=r"no column 'persona'.*did you mean 'person'"):
        gather([file], labels, section=DataSection(group="persona"))


def test_files_are_named_so_that_they_can_be_told_apart(tmp_path):
    for folder in ("lite", "wide"):
        (tmp_path / folder).mkdir()
    paths = [
        save(made(seed), tmp_path / name)
        for seed, name in enumerate(("lite/oof.csv", "wide/x.csv", "lite/x.csv"))
    ]
    assert list(gather(paths).models) == ["lite", "wide/x", "lite/x"]
    with pytest.raises(DataError, match="a second file of scores named lite"):
        gather([paths[0], save(made(), tmp_path / "lite/scores.csv")])
    with pytest.raises(DataError, match="1 files of test scores for 2 files of scores"):
        gather(paths[:2], tests=paths[:1])


def test_a_run_without_scores_is_named(tmp_path):
    with pytest.raises(RunError, match="empty: the run has no scores yet"):
        gather([save_run(tmp_path / "empty", {})])
    (tmp_path / "folder").mkdir()
    with pytest.raises(RunError, match="not a run folder"):
        gather([tmp_path / "folder"])


def test_folds_of_a_held_out_part_are_dealt_among_what_was_held_out():
    scores = made()
    held = np.where(np.arange(ROWS) < 24, 0, -1)
    one = Predictions(scores.ids, scores.scores, CLASSES, "oof", scores.labels, held)
    dealt = outer_folds(one, None, 0)
    assert (dealt[24:] == -1).all()
    counts = pd.crosstab(scores.targets[:24], dealt[:24])
    assert counts.shape == (3, 5)
    assert counts.to_numpy().min() >= 1
    groups = np.arange(ROWS) // 8
    assert len(set(zip(groups[:24], outer_folds(one, groups, 0)[:24], strict=True))) == 3
    kept = made()
    assert outer_folds(kept, None, 0) is not None
    assert list(outer_folds(kept, None, 0)) == list(kept.folds)
