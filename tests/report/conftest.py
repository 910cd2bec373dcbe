"""A finished run that the tests of the report share."""

import pytest
from made_run import make_dataset, make_run


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """A finished run of 140 made photos in seven classes, some with names that try to break the page."""
    root = tmp_path_factory.mktemp("report")
    return make_run(root / "runs" / "first run", make_dataset(root / "photos"))
