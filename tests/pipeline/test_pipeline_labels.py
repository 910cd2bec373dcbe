"""Judging the labels of a run, or of scores made elsewhere: what is known, and the files that it leaves."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from pipeline_runs import run_here

from thresher import labels
from thresher.dataset.store import load_dataset
from thresher.errors import DataError, RecipeError, RunError
from thresher.labels.amounts import amount, amounts
from thresher.pipeline.evidence import of_run, of_scores
from thresher.pipeline.label_issues import judge_run, judge_scores
from thresher.predictions import Predictions
from thresher.progress import Progress
from thresher.recipe.loader import load
from thresher.recipe.schema import DataSection
from thresher.report import write_report
from thresher.run_folder import RunFolder

METHOD = "normalised_margin"


class Told(Progress):
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


@pytest.fixture
def run(finished, tmp_path):
    """A copy of a finished run that a test may write into."""
    return RunFolder(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture
def table(photos, tmp_path):
    """The photos' labels as a table beside no photo."""
    names = sorted(path.relative_to(photos / "train").as_posix() for path in photos.glob("train/*/*.jpg"))
    path = tmp_path / "table" / "train.csv"
    path.parent.mkdir()
    pd.DataFrame({"file": names, "kind": [name.split("/")[0] for name in names]}).to_csv(path, index=False)
    return path


COLUMNS = DataSection(image_id="file", label="kind")


def stored_features(run):
    """By hand: the mean over the two views whose features the run keeps, found by their shape."""
    arrays = [np.load(path) for path in sorted(run.features.glob("*.npy"))]
    assert len(arrays) == 2
    return np.mean(arrays, axis=0)


def test_the_evidence_of_a_run(run):
    _, _, photos = of_run(run.root)
    oof = Predictions.load(run.predictions("oof")).known
    assert list(photos.dataset.ids) == list(oof.ids)
    assert len(oof) == 30
    assert np.array_equal(photos.evidence.scores, oof.scores)
    assert np.array_equal(photos.evidence.targets, oof.targets)
    single = [Predictions.load(run.predictions("oof", model)).known for model in ("frozen", "tuned")]
    assert np.array_equal(photos.evidence.members, [one.scores for one in single])
    every = np.flatnonzero(load_dataset(run.dataset)[0].usable)  # the features of test photos are there too
    labelled = np.isin(load_dataset(run.dataset)[0].ids[every], oof.ids)
    np.testing.assert_allclose(photos.evidence.embeddings, stored_features(run)[labelled], rtol=1e-6)
    assert photos.evidence.groups is None
    assert not photos.unread.any()


def test_seeds_are_members_and_repeats_are_not(photos, small, tmp_path):
    keys = ["models.tuned=null", "models.frozen.seeds=[0, 4, 5]"]
    keys.append("folds={name: repeated, repeats: 2, rule: {name: stratified, n: 2}}")
    root = run_here(photos / "train", small, tmp_path / "run", *keys)
    _, _, found = of_run(root)
    assert found.evidence.members.shape == (3, 30, 3)
    np.testing.assert_allclose(found.evidence.members.mean(0), found.evidence.scores, atol=1e-12)


def test_the_files_that_it_leaves(run):
    told = Told()
    judged = judge_run(run.root, METHOD, progress=told)
    frame = pd.read_parquet(run.issues)
    pd.testing.assert_frame_equal(frame, judged.issues)
    _, _, photos = of_run(run.root)
    assert list(frame["image_id"]) == list(photos.dataset.ids)
    assert sorted(frame["rank"]) == list(range(1, 31))
    for part in labels.list_finders():
        expected = labels.REGISTRY.build(part.name).find(photos.evidence, 0).score
        assert np.array_equal(frame[part.name], expected)
    assert np.array_equal(np.load(run.embeddings), photos.evidence.embeddings)
    table = pd.read_csv(run.amounts)
    expected = amounts(frame["given"].to_numpy(), frame["probability"].to_numpy(), ["blue", "green", "red"])
    pd.testing.assert_frame_equal(table, expected)
    assert judged.total == amount(frame["probability"].to_numpy())
    sheet = run.sheet.read_text(encoding="utf-8")
    assert sheet.count("data:image/jpeg") == 30
    assert "Labels that look wrong" in run.report.read_text(encoding="utf-8")
    events = [json.loads(line) for line in run.log.read_text(encoding="utf-8").splitlines()]
    assert (events[-1]["event"], events[-1]["method"]) == ("labels", METHOD)
    assert not [line for line in told.said if line.startswith("left out")]


def test_the_same_run_gives_the_same_bytes_and_needs_no_photo(run, finished, monkeypatch):
    from thresher.images.cache import PhotoCache

    judge_run(run.root, METHOD)
    first = run.issues.read_bytes(), run.embeddings.read_bytes()
    monkeypatch.setattr(PhotoCache, "open", lambda *given, **more: pytest.fail("a photo was opened"))
    judge_run(run.root, METHOD)
    assert (run.issues.read_bytes(), run.embeddings.read_bytes()) == first


def test_features_that_are_gone_are_computed_again(run, photos):
    _, _, before = of_run(run.root)
    shutil.rmtree(run.features)
    _, _, after = of_run(run.root)
    np.testing.assert_allclose(after.evidence.embeddings, before.evidence.embeddings, atol=1e-6)


def test_without_a_linear_stage_the_backbone_as_it_was_loaded(photos, small, tmp_path):
    from thresher.models.build import build_embedder

    keys = [
        "models.frozen=null",
        "models.tuned.stages=[{kind: train, epochs: 1, batch_size: 6, precision: fp32}]",
    ]
    root = run_here(photos / "train", small, tmp_path / "run", *keys)
    found = of_run(root)[2]
    width = build_embedder(load(str(RunFolder(root).recipe)).models["tuned"]).width
    assert found.evidence.embeddings.shape == (30, width)
    assert len(list(RunFolder(root).features.glob("*.npy"))) == 1
    judge_run(root, "knn_vote", {"k": 3})


def test_jobs_that_are_gone_leave_the_models(run):
    _, _, before = of_run(run.root)
    shutil.rmtree(run.root / "jobs")
    _, _, after = of_run(run.root)
    np.testing.assert_allclose(after.evidence.members, before.evidence.members, atol=1e-12)


def test_another_folder_takes_the_files(run, tmp_path):
    before = run.report.read_bytes()
    judge_run(run.root, METHOD, out=tmp_path / "other")
    assert not run.labels.exists()
    assert run.report.read_bytes() == before
    assert RunFolder(tmp_path / "other").issues.is_file()


def test_a_photo_that_cannot_be_read_and_copies(own_photos, small, tmp_path):
    (own_photos / "train/blue/blue03.jpg").write_bytes(b"")
    shutil.copy(own_photos / "train/blue/blue00.jpg", own_photos / "train/blue/blue77.jpg")
    root = run_here(own_photos / "train", small, tmp_path / "run", "models.tuned=null")
    told = Told()
    judged = judge_run(root, METHOD, progress=told)
    frame = judged.issues.set_index("image_id")
    row = frame.loc["blue/blue03.jpg"]
    assert len(frame) == 31
    assert row["rank"] == 31
    assert row["suggested"] == "green"  # the most frequent class but its own
    blues = frame[frame["given"] == "blue"].drop("blue/blue03.jpg")
    assert row["probability"] == pytest.approx(blues["probability"].mean())
    assert np.isnan(row["self_confidence"])
    assert frame.drop("blue/blue03.jpg")["self_confidence"].notna().all()
    assert sorted(frame["rank"]) == list(range(1, 32))
    place = list(frame.index).index("blue/blue03.jpg")
    zero = (np.load(judged.folder.embeddings) == 0).all(axis=1)
    assert zero.tolist() == [number == place for number in range(31)]
    _, _, found = of_run(root)
    codes = dict(zip(found.dataset.ids, found.evidence.groups, strict=True))
    assert codes["blue/blue00.jpg"] == codes["blue/blue77.jpg"]
    assert len(set(codes.values())) == 30
    assert "labels-h" in judged.folder.report.read_text(encoding="utf-8")
    assert "the finder agreement needs two members" in told.said[0]


def test_photos_that_no_fold_holds_are_not_judged(photos, small, tmp_path):
    keys = ["models.tuned=null", "folds={name: holdout, share: 0.4}"]
    root = run_here(photos / "train", small, tmp_path / "run", *keys)
    told = Told()
    _, _, found = of_run(root, told)
    assert len(found.dataset) == len(found.evidence.embeddings) == 12
    assert told.said == ["18 labelled photos have no out-of-fold score: their labels are not judged"]


def test_clusters_are_noted(run):
    cluster = np.array(["near 1", "near 1", *[None] * 28], dtype=object)
    frame = judge_run(run.root, METHOD, cluster=cluster).issues
    assert frame["cluster"].tolist()[:2] == ["near 1", "near 1"]
    assert frame["cluster"].isna().sum() == 28


def test_the_report_forgets_labels_that_other_scores_judged(run):
    judge_run(run.root, METHOD)
    oof = Predictions.load(run.predictions("oof"))
    turned = oof.scores[:, [1, 2, 0]]
    Predictions(oof.ids, turned, oof.classes, "oof", oof.labels, oof.folds).save(run.predictions("oof"))
    assert "labels-h" not in write_report(run).read_text(encoding="utf-8")


def test_what_is_no_finished_run_is_refused(run, tmp_path):
    with pytest.raises(RunError, match="not a run folder"):
        judge_run(tmp_path, METHOD)
    run.recipe.write_text(run.recipe.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    with pytest.raises(RunError, match="not finished"):
        judge_run(run.root, METHOD)


def foreign(run, folder, change=None):
    """The run's scores as another program would have written them."""
    oof = Predictions.load(run.predictions("oof")).known
    frame = pd.DataFrame(oof.scores, columns=oof.classes)
    frame.insert(0, "image_id", oof.ids)
    if change is not None:
        frame = change(frame)
    path = folder / "theirs.csv"
    frame.to_csv(path, index=False)
    return path


def test_scores_made_elsewhere_are_judged_alike(run, table, tmp_path):
    ours = judge_run(run.root, METHOD, out=tmp_path / "ours").issues
    path = foreign(run, tmp_path, lambda frame: frame.sample(frac=1, random_state=0))
    judged = judge_scores([path], tmp_path / "out", METHOD, data=table, section=COLUMNS)
    theirs = judged.issues
    assert judged.sheet is None
    assert not judged.folder.embeddings.exists()
    for name in ("image_id", "given", "suggested", "rank"):
        assert list(ours[name]) == list(theirs[name])
    for name in (METHOD, "confident_learning", "self_confidence"):
        np.testing.assert_allclose(ours[name], theirs[name], atol=1e-12)
    assert (np.diff(theirs.sort_values("rank")["probability"]) <= 1e-12).all()
    assert "knn_vote" not in theirs
    assert load_dataset(judged.folder.dataset)[0].ids.tolist() == list(theirs["image_id"])


def test_embeddings_and_several_files(run, table, photos, tmp_path):
    _, _, known = of_run(run.root)
    order = np.random.default_rng(0).permutation(30)
    first = foreign(run, tmp_path, lambda frame: frame.iloc[order])
    np.save(tmp_path / "theirs.npy", known.evidence.embeddings[order].astype(np.float64))
    found = of_scores(
        [first, run.predictions("oof", "tuned")], table, photos / "train", tmp_path / "theirs.npy", COLUMNS
    )
    assert np.array_equal(found.evidence.embeddings, known.evidence.embeddings)
    assert found.dataset.usable.all()
    second = Predictions.load(run.predictions("oof", "tuned")).known.scores
    np.testing.assert_allclose(found.evidence.members, [known.evidence.scores, second], atol=1e-12)
    np.testing.assert_allclose(found.evidence.scores, found.evidence.members.mean(0), atol=1e-12)
    judged = judge_scores(
        [first], tmp_path / "out", METHOD, data=table, images=photos / "train", section=COLUMNS
    )
    assert judged.sheet.read_text(encoding="utf-8").count("data:image/jpeg") == 30


def test_labels_from_the_file_of_scores_or_from_folders(run, photos, tmp_path):
    _, _, known = of_run(run.root)
    labelled = known.dataset.frame["label"].tolist()
    alone = of_scores([foreign(run, tmp_path, lambda frame: frame.assign(label=labelled))])
    folder = of_scores([foreign(run, tmp_path)], photos / "train")
    for found in (alone, folder):
        assert np.array_equal(found.evidence.targets, known.evidence.targets)
        np.testing.assert_allclose(found.evidence.scores, known.evidence.scores, atol=1e-12)


def test_groups_of_a_table(run, table, tmp_path):
    frame = pd.read_csv(table)
    frame["person"] = ["ann", "ann", "bo", *[None] * 27]
    frame.to_csv(table, index=False)
    section = COLUMNS.model_copy(update={"group": "person"})
    codes = of_scores([foreign(run, tmp_path)], table, section=section).evidence.groups
    assert codes[0] == codes[1] != codes[2]
    assert len(set(codes)) == 29


def test_files_that_do_not_fit_are_told(run, table, tmp_path):
    path = foreign(run, tmp_path)
    given = {"data": table, "section": COLUMNS}

    def refused(error, match, scores=path, out="out", method=METHOD, **more):
        with pytest.raises(error, match=match) as raised:
            judge_scores([scores], tmp_path / out, method, **(given | more))
        assert "\n" not in str(raised.value)
        assert not RunFolder(tmp_path / out).issues.exists()

    refused(DataError, "no column 'label'.*--data TABLE", data=None, section=None)
    refused(DataError, "no column 'image_id'", section=None)
    refused(DataError, "knn_vote needs embeddings", method="knn_vote")
    refused(RecipeError, "did you mean", method="knn_votes")
    refused(RunError, "is the folder of a run", out="run")
    np.save(tmp_path / "few.npy", np.ones((29, 4)))
    refused(
        DataError, r"few.npy: .*a row for each of the 30 rows.*\(29, 4\)", embeddings=tmp_path / "few.npy"
    )
    np.save(tmp_path / "nan.npy", np.full((30, 4), np.nan))
    refused(DataError, "nan.npy: embeddings that are not finite: 'blue/", embeddings=tmp_path / "nan.npy")
    (tmp_path / "text.npy").write_text("hello")
    refused(DataError, "text.npy: cannot be read", embeddings=tmp_path / "text.npy")
    refused(DataError, "none.npy: cannot be read", embeddings=tmp_path / "none.npy")
    fewer = foreign(run, tmp_path, lambda frame: frame[3:])
    refused(DataError, "no scores for 3 of 30 labelled photos", scores=fewer)
    blank = pd.read_csv(table).assign(kind=None)
    blank.to_csv(table, index=False)
    refused(DataError, "no photo has a label")
