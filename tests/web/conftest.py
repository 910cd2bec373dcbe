"""Made runs for the tests of the review page."""

import pytest
from page_kit import open_page
from review_run import make_review_run


@pytest.fixture
def review_run(tmp_path):
    """A run folder with 40 small drawn photos of three classes, half of them wrongly labelled."""
    return make_review_run(tmp_path / "run", 40)


@pytest.fixture
def client(review_run):
    """The review page of such a run, opened with its token."""
    return open_page(review_run)
