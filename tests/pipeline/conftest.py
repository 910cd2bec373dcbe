"""Small photos, a small network and one finished run that the tests of the pipeline share."""

import shutil

import pytest
from fitting_kit import BIG
from pipeline_runs import SMALL, call, save_photos
from repair_kit import register

from thresher.recipe.loader import load


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A file of weights for a network of 0.1 million parameters: random, with statistics that fit them."""
    import timm
    import torch
    from safetensors.torch import save_file

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = timm.create_model("test_efficientnet", num_classes=0).train()
        for _ in range(50):
            model(torch.randn(8, 3, 1, 1) + 0.5 * torch.randn(8, 3, 32, 32))
    path = tmp_path_factory.mktemp("weights") / "test_efficientnet.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, path)
    return path


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """``photos/train`` with three class folders of ten photos, ``photos/test`` with six photos."""
    return save_photos(tmp_path_factory.mktemp("data") / "photos")


@pytest.fixture
def finders(monkeypatch):
    """Finders of the tests, registered as made, near and agreed; returns what they are asked."""
    return register(monkeypatch)


@pytest.fixture
def own_photos(photos, tmp_path):
    """A copy that a test may change."""
    return shutil.copytree(photos, tmp_path / "photos")


@pytest.fixture
def small(weights, tmp_path):
    """The file of a recipe with a frozen and a trained model of the small network, all decided."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace("WEIGHTS", str(weights)))
    return path


@pytest.fixture(scope="session")
def finished(photos, weights, tmp_path_factory):
    """The folder of an uninterrupted run, not to be changed: ``small`` on ``photos``."""
    folder = tmp_path_factory.mktemp("finished")
    recipe = folder / "small.yaml"
    recipe.write_text(SMALL.replace("WEIGHTS", str(weights)))
    done = call(photos, recipe, folder / "run", cache=folder / "cache")
    assert done.code == 0, done.text
    return folder / "run"


@pytest.fixture(scope="session")
def many(tmp_path_factory):
    """A thousand photos that are named but not there: nothing is read of them."""
    import pandas as pd

    from thresher.dataset.table import Dataset

    count = 1200
    table = pd.DataFrame({"image_id": [f"{n}.jpg" for n in range(count)], "label": list("abcd") * 300})
    folder = tmp_path_factory.mktemp("none")
    (folder / "0.jpg").touch()
    return Dataset.from_table(table, folder)


@pytest.fixture
def big(tmp_path):
    path = tmp_path / "big.yaml"
    path.write_text(BIG)
    return load(path)
