"""What the README shows is true: its example of a part works, its files and commands exist."""

import re
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def python_blocks():
    return re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_example_of_a_part(monkeypatch):
    import numpy as np
    import torch

    from thresher.registry import Part, Registry

    _, code, line = python_blocks()
    module = types.ModuleType("thresher.losses.generalised")
    exec(code, module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    registry = Registry("losses", [eval(line, {"Part": Part})])

    logits = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]], dtype=torch.float64)
    targets = torch.tensor([2, 1])
    p = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(1, keepdims=True)
    loss = registry.build("generalised", {"q": 0.5})
    expected = np.mean([(1 - p[0, 2] ** 0.5) / 0.5, (1 - p[1, 1] ** 0.5) / 0.5])
    assert float(loss(logits, targets)) == pytest.approx(expected)
    near_zero = registry.build("generalised", {"q": 1e-6})
    assert float(near_zero(logits, targets)) == pytest.approx(-np.log(p[[0, 1], [2, 1]]).mean(), rel=1e-4)
    with pytest.raises(Exception, match="less than or equal to 1"):
        registry.build("generalised", {"q": 2})


def test_the_python_names_exist():
    import thresher

    (names,) = re.findall(r"from thresher import (.*)", python_blocks()[0])
    assert all(hasattr(thresher, name) for name in names.split(", "))


def test_the_recipe_of_ones_own(tmp_path):
    from thresher.recipe.loader import load

    (text,) = re.findall(r"(    # mine\.yaml.*?)\n\n\S", README, re.DOTALL)
    (tmp_path / "mine.yaml").write_text(text.replace("\n    ", "\n").lstrip())
    recipe = load(tmp_path / "mine.yaml")
    assert list(recipe.models) == ["lite0", "frozen"]
    assert recipe.models["lite0"].seeds == (0, 1)
    assert recipe.images.fit == "crop"


def test_every_set_is_a_key():
    from thresher.recipe.loader import load

    pairs = re.findall(r"--set (\S+?=\S+?)[`\s]", README)
    assert len(pairs) >= 5
    for pair in pairs:
        load("standard", [pair])


def test_the_run_folder_is_as_it_says():
    from thresher.run_folder import RunFolder

    run = RunFolder(Path("runs/quick-photos"))
    (tree,) = re.findall(r"    runs/quick-photos/\n(.*?)\n\n", README, re.DOTALL)
    named = set(re.findall(r"[\w./<>]+(?:\.\w+|/)(?=[, ])", tree))
    paths = [
        run.report,
        run.metrics,
        run.submission,
        run.dataset,
        run.folds,
        run.recipe,
        run.environment,
        run.log,
    ]
    paths += [run.predictions("oof"), run.predictions("test")]
    assert {path.relative_to(run.root).as_posix() for path in paths} <= named
    assert f"{run.features.name}/" in named


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"(?<!!)\[[^]]+\]\(([^)#]+)\)", text)
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []
