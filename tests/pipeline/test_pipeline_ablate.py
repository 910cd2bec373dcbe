"""Ablations: equal jobs are done once, a variant's scores are those of a run of its own, and it continues."""

import os

import numpy as np
import pandas as pd
import pytest
from pipeline_runs import SMALL, run_here

import thresher.pipeline.job as jobs
from thresher.cli import main
from thresher.dataset.open import open_dataset
from thresher.errors import RunError
from thresher.metrics.comparison import compare
from thresher.pipeline.ablate import ablate
from thresher.predictions import Predictions
from thresher.progress import Progress
from thresher.recipe.variants import make_variants

OVER = ["frozen.stages.*.penalties=[[0.001, 0.01], [1.0]]", "tuned.views=[[plain], [plain, hflip]]"]


@pytest.fixture
def fitted(monkeypatch):
    """The model and the fold of every job that is fitted."""
    found = []
    fit_job = jobs.fit_job

    def told(bench, job, *more):
        found.append((job.model, job.fold))
        return fit_job(bench, job, *more)

    monkeypatch.setattr(jobs, "fit_job", told)
    return found


def call(photos, recipe, out, progress=None, over=OVER):
    variants = make_variants(recipe, over)
    dataset = open_dataset(photos / "train", None, None, variants[0].recipe.data)
    return ablate(dataset, variants, out, resamples=200, **({"progress": progress} if progress else {}))


class Told(Progress):
    def __init__(self, stop_at=None):
        self.said, self.stop_at = [], stop_at

    def say(self, text):
        self.said.append(text)
        if self.stop_at and text.startswith(self.stop_at):
            raise KeyboardInterrupt


def test_an_ablation_from_stop_to_end(photos, small, tmp_path, fitted):
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        call(photos, small, out, Told("variant 2 of 3"))
    first = [(model, fold) for model in ("frozen", "tuned") for fold in (0, 1)]
    assert fitted == first
    told = Told()
    done = call(photos, small, out, told)
    # The second variant fits the frozen model anew, the third nothing: it only scores other views.
    assert fitted == [*first, ("frozen", 0), ("frozen", 1)]
    names = ["baseline", "penalties=1.0", "views=plain+hflip"]
    assert [text for text in told.said if text.startswith("variant")] == [
        f"variant {number} of 3: {name}" for number, name in enumerate(names, 1)
    ]

    # Each variant is bit for bit the run of its own recipe.
    for variant, run in zip(make_variants(small, OVER), done.runs, strict=True):
        from thresher.recipe.loader import dump

        alone = tmp_path / f"alone {variant.folder}.yaml"
        alone.write_text(dump(variant.recipe))
        own = run_here(photos / "train", alone, tmp_path / f"own {variant.folder}")
        assert (own / "predictions/oof.parquet").read_bytes() == run.predictions("oof").read_bytes()
    fitted.clear()

    # Equal jobs are the same files; features are kept once.
    base, strong, views = done.runs
    for name in ("checkpoint.safetensors", "oof.parquet"):
        files = [one.job("tuned", 0, 1) / name for one in (base, strong, views)]
        same = [os.path.samefile(files[0], other) for other in files[1:]]
        assert same == ([True, True] if name == "checkpoint.safetensors" else [True, False])
    assert list(base.features.glob("*.npy"))
    assert not list(strong.features.glob("*.npy"))

    # The answers are those of a comparison of the runs.
    oof = [Predictions.load(one.predictions("oof")) for one in done.runs]
    for other, found in zip(oof[1:], done.standing.comparisons, strict=True):
        straight = compare(oof[0], other, 200)
        assert found.differences == straight.differences
        assert found.p_values == straight.p_values
        assert found.comparisons == 2
    table = pd.read_csv(done.table)
    assert list(table["variant"]) == names
    assert list(table["penalties"]) == ["0.001+0.01", "1.0", "0.001+0.01"]
    assert list(table["views"]) == ["plain", "plain", "plain+hflip"]
    right = [(one.predicted == one.labels).mean() for one in oof]
    np.testing.assert_allclose(table["accuracy"], right)
    np.testing.assert_allclose(table["accuracy_difference"][1:], np.subtract(right[1:], right[0]))
    assert (table["accuracy_p_corrected"][1:] >= table["accuracy_p"][1:]).all()
    assert list(table["folder"]) == [one.root.name for one in done.runs]
    page = done.page.read_text(encoding="utf-8")
    assert '<span class="range">penalties=0.001+0.01, views=plain</span>' in page  # of the baseline
    assert "Thresher ablation" in page

    # Again: nothing is fitted, nothing changes.
    again = call(photos, small, out)
    assert fitted == []
    assert pd.read_csv(again.table).drop(columns="seconds").equals(table.drop(columns="seconds"))
    assert again.page.read_text(encoding="utf-8") == page

    with pytest.raises(RunError, match="is the folder of one run"):
        call(photos, small, done.runs[0].root)


def test_a_changed_file_of_one_run_does_not_reach_the_other(photos, small, tmp_path):
    """Linked jobs are rewritten beside and renamed: the run that they came from keeps its own."""
    out = tmp_path / "out"
    over = ["tuned.views=[[plain], [hflip]]"]
    done = call(photos, small, out, over=over)
    before = done.runs[0].predictions("oof").read_bytes()
    job = (done.runs[0].job("tuned", 0, 0) / "oof.parquet").read_bytes()
    fresh = make_variants(small, over)[1].recipe.model_copy(update={"seed": 5})
    from thresher.pipeline.run import run

    run(open_dataset(photos / "train", None, None, fresh.data), fresh, done.runs[1].root)
    assert done.runs[0].predictions("oof").read_bytes() == before
    assert (done.runs[0].job("tuned", 0, 0) / "oof.parquet").read_bytes() == job
    assert (done.runs[1].job("tuned", 0, 0) / "oof.parquet").read_bytes() != job


def test_the_command_with_a_train_stage_and_seeds(photos, weights, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = tmp_path / "tiny.yaml"
    frozen = SMALL.index("  frozen:")
    tuned = SMALL[SMALL.index("  tuned:") :].replace("epochs: 2", "epochs: 1")
    recipe.write_text((SMALL[:frozen] + tuned).replace("WEIGHTS", str(weights)))
    words = ["ablate", str(recipe), str(photos / "train"), "--over", "stages.*.mixing=[none, cutmix]"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--seeds", "3,4"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    root = tmp_path / "runs/ablation-tiny-photos"
    assert sorted(path.name for path in root.iterdir()) == [
        "ablation.csv",
        "ablation.html",
        "mixing=cutmix",
        "mixing=none",
    ]
    assert sorted(path.name for path in (root / "mixing=cutmix/jobs/tuned").iterdir()) == ["3", "4"]
    assert "mixing=cutmix" in out
    assert " 30 photos" in out
    with pytest.raises(SystemExit) as ended:
        main([*words[:-1], "stages.*.mixin=[none, cutmix]"])
    assert ended.value.code == 2
    assert "did you mean 'mixing'?" in capsys.readouterr().err
