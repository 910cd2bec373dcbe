"""Features are computed once, survive a kill bit for bit, and scores are the mean over views."""

import numpy as np
import pytest
import torch

from thresher.errors import ThresherError
from thresher.inference import features as features_module
from thresher.inference.batches import AHEAD, batches, cut
from thresher.inference.engine import Engines
from thresher.inference.engine_torch import TorchEngine
from thresher.inference.features import compute_features
from thresher.inference.scoring import score_views, softmax
from thresher.inference.views import REGISTRY
from thresher.progress import Progress

SIZE = 16


class Net(torch.nn.Module):
    """Four numbers from the quarters' mean colours: knows where things are, at any size."""

    def __init__(self, out=4):
        super().__init__()
        torch.manual_seed(0)
        self.head = torch.nn.Linear(12, out)

    def forward(self, given):
        pooled = torch.nn.functional.adaptive_avg_pool2d(given.permute(0, 3, 1, 2).float() / 255, 2)
        return self.head(pooled.flatten(1))


class Counted(Progress):
    def __init__(self):
        self.count = 0

    def advance(self, count=1, **facts):
        self.count += count


class Killed(BaseException):
    """What nothing catches."""


@pytest.fixture
def photos():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (20 + i % 7, 30 - i % 5, 3), np.uint8) for i in range(50)]


@pytest.fixture
def engine():
    return TorchEngine(Net(), SIZE, "fp32", 4, "cpu")


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(features_module, "CHUNK", 10)


def reference(photos, rows, view, size):
    with torch.no_grad():
        shown = np.stack([view(photos[row], size, "squish") for row in rows])
        return Net()(torch.from_numpy(shown)).numpy()


@pytest.mark.parametrize("name", ["plain", "hflip", "rot90"])
def test_features_are_the_networks_in_the_order_of_rows(photos, engine, tmp_path, name):
    view, rows, told = REGISTRY.build(name), np.random.default_rng(1).permutation(50)[:37], Counted()
    found = compute_features(engine, photos, rows, view, SIZE, "squish", tmp_path, "a", told)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, reference(photos, rows, view, SIZE), rtol=1e-5, atol=1e-6)
    assert told.count == 37
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]


def test_ready_features_open_nothing_and_read_no_photo(photos, engine, tmp_path):
    args = (range(12), REGISTRY.build("plain"), SIZE, "squish", tmp_path, "a")
    first = compute_features(engine, photos, *args)
    told = Counted()
    again = compute_features(lambda size: pytest.fail("opened an engine"), None, *args, told)
    np.testing.assert_array_equal(first, again)
    assert told.count == 12


@pytest.mark.parametrize("after", [0, 1, 4, 7, 10])
def test_a_killed_run_continues_to_the_same_bits(photos, tmp_path, after):
    view, rows = REGISTRY.build("plain"), range(37)
    whole = compute_features(
        TorchEngine(Net(), SIZE, "fp32", 4, "cpu"), photos, rows, view, SIZE, "squish", tmp_path / "w", "a"
    )

    class Dying(TorchEngine):
        left = after

        def __call__(self, given):
            if self.left == 0:
                raise Killed
            self.left -= 1
            return super().__call__(given)

    dying = Dying(Net(), SIZE, "fp32", 4, "cpu")
    with pytest.raises(Killed):
        compute_features(dying, photos, rows, view, SIZE, "squish", tmp_path / "k", "a")
    finished = len(list((tmp_path / "k").rglob("*.npy")))
    assert finished == after // 3  # ten photos are three batches of four
    assert not (tmp_path / "k" / "a.npy").exists()

    class Counting(TorchEngine):
        seen = 0

        def __call__(self, given):
            self.seen += len(given)
            return super().__call__(given)

    counting, told = Counting(Net(), SIZE, "fp32", 4, "cpu"), Counted()
    found = compute_features(counting, photos, rows, view, SIZE, "squish", tmp_path / "k", "a", told)
    np.testing.assert_array_equal(found, whole)
    assert counting.seen == 37 - 10 * finished
    assert told.count == 37


def test_half_written_and_foreign_files_are_not_believed(photos, engine, tmp_path):
    view, rows = REGISTRY.build("plain"), range(13)
    whole = compute_features(engine, photos, rows, view, SIZE, "squish", tmp_path, "a")
    for rubbish in (b"", (tmp_path / "a.npy").read_bytes()[:-4], b"\x93NUMPY"):
        (tmp_path / "a.npy").write_bytes(rubbish)
        found = compute_features(engine, photos, rows, view, SIZE, "squish", tmp_path, "a")
        np.testing.assert_array_equal(found, whole)
    np.save(tmp_path / "a.npy", whole[:5])
    found = compute_features(engine, photos, rows, view, SIZE, "squish", tmp_path, "a")
    np.testing.assert_array_equal(found, whole)


def test_no_rows_have_no_features(photos, engine, tmp_path):
    found = compute_features(engine, photos, [], REGISTRY.build("plain"), SIZE, "squish", tmp_path, "a")
    assert found.shape == (0, 4)


def test_features_that_are_not_finite_are_an_error_and_not_kept(photos, tmp_path):
    net = Net()
    net.head.bias.data[0] = float("nan")
    engine = TorchEngine(net, SIZE, "fp32", 4, "cpu")
    with pytest.raises(ThresherError, match="not finite"):
        compute_features(engine, photos, [1, 2], REGISTRY.build("plain"), SIZE, "squish", tmp_path, "a")
    assert not list(tmp_path.rglob("*.npy"))


def test_scores_are_the_mean_of_probabilities_over_views_of_any_size(photos, tmp_path):
    views = [REGISTRY.build("plain"), REGISTRY.build("hflip"), REGISTRY.build("vflip", {"scale": 1.5})]
    engines = Engines(Net(), engine="torch", precision="fp32", batch_size=4, device="cpu", scratch=tmp_path)
    rows, told = [7, 3, 3, 40, 11, 0, 49], Counted()
    scores = score_views(engines, photos, rows, views, SIZE, "squish", told)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-12)
    wanted = [
        torch.softmax(torch.from_numpy(reference(photos, rows, view, size)).double(), 1).numpy()
        for view, size in zip(views, (16, 16, 24), strict=True)
    ]
    np.testing.assert_allclose(scores, np.mean(wanted, axis=0), atol=1e-6)
    assert told.count == 7
    assert score_views(engines, photos, [], views, SIZE, "squish").shape == (0, 4)


def test_softmax_is_safe():
    logits = np.array([[1e4, 0, -1e4], [0, 0, 0]], np.float32)
    np.testing.assert_allclose(softmax(logits), [[1, 0, 0], [1 / 3] * 3])


def test_batches_come_in_order_and_a_few_ahead(photos):
    asked = []

    class Watched:
        def __getitem__(self, row):
            asked.append(row)
            return photos[row]

    parts = cut(np.arange(40), 4)
    views = [REGISTRY.build("plain"), REGISTRY.build("hflip")]
    flow = batches(Watched(), parts, views, SIZE, "squish")
    first = next(flow)
    assert [array.shape for array in first] == [(4, SIZE, SIZE, 3)] * 2
    np.testing.assert_array_equal(first[0][1], views[0](photos[1], SIZE, "squish"))
    flow.close()
    assert len(asked) <= 4 * (AHEAD + 1)  # memory stays bounded, and a photo is read once for both views
    everything = [batch[0] for batch in batches(photos, parts, views, SIZE, "squish")]
    np.testing.assert_array_equal(
        np.concatenate(everything), np.stack([views[0](p, SIZE, "squish") for p in photos[:40]])
    )


def test_a_broken_photo_stops_the_work_with_its_own_error(photos):
    class Broken(Exception):
        pass

    class Some:
        def __getitem__(self, row):
            if row == 5:
                raise Broken("row 5")
            return photos[row]

    with pytest.raises(Broken, match="row 5"):
        list(batches(Some(), cut(np.arange(12), 4), [REGISTRY.build("plain")], SIZE, "squish"))
