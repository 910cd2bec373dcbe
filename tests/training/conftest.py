"""Photos that all tests of training share."""

import pytest
import torch
from training_kit import open_cache, write_photos


@pytest.fixture(autouse=True)
def _one_thread():
    """Tiny layers only wait for each other when they are spread over threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory):
    """23 made photos; their cache is inside."""
    return write_photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="session")
def cache(photo_folder):
    """They, decoded."""
    return open_cache(photo_folder)
