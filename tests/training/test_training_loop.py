"""What a stage trains and what it leaves alone, and a plain PyTorch loop that ends at the same weights."""

import cv2
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from training_kit import SIDE, Bench, Progress, same_weights, stage, targets_of, tiny_model

from thresher.training.batches import epoch_batches
from thresher.training.loop import TrainData


@pytest.fixture
def bench(cache, tmp_path):
    return lambda **settings: Bench(cache, tmp_path / f"job{len(list(tmp_path.iterdir()))}", **settings)


def same_part(a, b, norms=None):
    """Whether two backbones have equal tensors: of their batch norms alone, of the rest alone, or all."""
    other = dict(b.backbone.state_dict())
    kinds = {f"{name}.": isinstance(module, nn.BatchNorm2d) for name, module in a.backbone.named_children()}
    return all(
        torch.equal(tensor, other[name])
        for name, tensor in a.backbone.state_dict().items()
        if norms is None or kinds[name.split(".")[0] + "."] == norms
    )


def plain_loop(cache, settings, weights, seed, targets=None):
    """The same training in a dozen lines of PyTorch: SGD, cosine, weights, accumulation, clipping."""
    model = tiny_model()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.requires_grad_(False)  # and the model stays in eval mode
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    rates = [
        0.05 if name.startswith("head") else 0.025 for name, p in model.named_parameters() if p.requires_grad
    ]
    speed = [torch.zeros_like(parameter) for parameter in learning]
    targets = torch.from_numpy(targets_of(len(cache)) if targets is None else targets)
    losses, step = [], 0
    groups = settings["accumulate"]
    per_epoch = len(epoch_batches(np.arange(len(cache)), settings["batch_size"], seed, 0))
    steps = settings["epochs"] * int(np.ceil(per_epoch / groups))
    for epoch in range(settings["epochs"]):
        batches = epoch_batches(np.arange(len(cache)), settings["batch_size"], seed, epoch)
        total = 0.0
        for first in range(0, len(batches), groups):
            group = batches[first : first + groups]
            gradient = [torch.zeros_like(parameter) for parameter in learning]
            for rows in group:
                photos = np.stack(
                    [cv2.resize(cache[row], (SIDE, SIDE), interpolation=cv2.INTER_AREA) for row in rows]
                )
                each = functional.cross_entropy(
                    model(torch.from_numpy(photos)), targets[rows], reduction="none"
                )
                weight = torch.from_numpy(weights[rows]).float()
                loss = (each * weight).sum() / weight.sum()
                for part, found in zip(gradient, torch.autograd.grad(loss, learning), strict=True):
                    part += found / len(group)
                total += float(loss.detach()) * len(rows)
            norm = float(sum(part.square().sum() for part in gradient)) ** 0.5
            share = 0.5 * (1 + np.cos(np.pi * step / steps))
            with torch.no_grad():
                for i, parameter in enumerate(learning):
                    part = gradient[i] * min(1, settings["clip"] / (norm + 1e-6))
                    if parameter.ndim > 1:
                        part = part + 1e-2 * parameter
                    speed[i] = part.clone() if step == 0 else 0.9 * speed[i] + part
                    parameter -= rates[i] * share * (part + 0.9 * speed[i])
            step += 1
        losses.append(total / len(cache))
    return model, losses


@pytest.mark.parametrize("accumulate", [1, 2, 4])  # of six batches: the last step of four batches has two
@pytest.mark.parametrize("clip", [0.4, 100.0])
def test_it_is_a_plain_loop(cache, bench, accumulate, clip):
    settings = {"epochs": 3, "batch_size": 4, "accumulate": accumulate, "clip": clip}
    weights = np.linspace(0.2, 3, len(cache))
    wanted, losses = plain_loop(cache, settings, weights, seed=5)
    optimizer = {"name": "sgd", "lr": 0.05, "weight_decay": 1e-2}
    got, history = bench(weights=weights).run(
        stage(**settings, augment="none", batch_norm="frozen", optimizer=optimizer)
    )
    for name, tensor in wanted.state_dict().items():
        torch.testing.assert_close(got.state_dict()[name], tensor, rtol=1e-4, atol=1e-5)
    assert [row["train_loss"] for row in history] == pytest.approx(losses, rel=1e-4)
    assert not same_weights(got, tiny_model())


def test_soft_targets_too(cache, bench):
    settings = {"epochs": 3, "batch_size": 4, "accumulate": 2, "clip": 100.0}
    weights = np.linspace(0.2, 3, len(cache))
    targets = np.random.default_rng(0).dirichlet(np.ones(3), len(cache)).astype(np.float32)
    wanted, losses = plain_loop(cache, settings, weights, 5, targets)
    optimizer = {"name": "sgd", "lr": 0.05, "weight_decay": 1e-2}
    got, history = bench(weights=weights, targets=targets).run(
        stage(**settings, augment="none", batch_norm="frozen", optimizer=optimizer)
    )
    for name, tensor in wanted.state_dict().items():
        torch.testing.assert_close(got.state_dict()[name], tensor, rtol=1e-4, atol=1e-5)
    assert [row["train_loss"] for row in history] == pytest.approx(losses, rel=1e-4)


@pytest.mark.parametrize("mixing", ["none", "mixup"])
@pytest.mark.parametrize("class_weight", ["none", "inverse"])
def test_soft_targets_of_one_class_give_the_bits_of_indices(cache, bench, mixing, class_weight):
    rows = np.arange(0, 21)[np.arange(21) % 5 > 0]  # not as many photos of each class
    settings = {"mixing": mixing, "class_weight": class_weight}
    soft = np.eye(3, dtype=np.float32)[targets_of(len(cache))]
    first, _ = bench(rows=rows).run(stage(**settings))
    assert same_weights(first, bench(rows=rows, targets=soft).run(stage(**settings))[0])
    other = np.full_like(soft, 1 / 3)
    assert not same_weights(first, bench(rows=rows, targets=other).run(stage(**settings))[0])


def test_maps_show_the_class_that_is_taught_most(cache, bench, monkeypatch):
    soft = np.random.default_rng(2).dirichlet(np.ones(3), len(cache)).astype(np.float32)
    asked = []

    def cam(model, photos, classes):
        asked.extend(classes.tolist())
        return torch.ones(len(photos), 2, 2)

    monkeypatch.setattr("thresher.models.photo_model.PhotoModel.cam", cam)
    bench(targets=soft).run(stage(mixing={"name": "snapmix", "p": 1.0}, epochs=1))
    order = np.concatenate(epoch_batches(np.arange(len(cache)), 4, 5, 0))
    assert asked == soft[order].argmax(1).tolist()


def test_an_unknown_class_gets_no_share_of_soft_targets(cache, bench):
    soft = np.random.default_rng(1).dirichlet(np.ones(2), len(cache)).astype(np.float32)
    padded = np.pad(soft, ((0, 0), (0, 1)))
    for mixing in ("none", "mixup"):
        first, _ = bench(targets=soft).run(stage(mixing=mixing))
        assert same_weights(first, bench(targets=padded).run(stage(mixing=mixing))[0])


def test_samplers_and_class_weights_go_by_the_class_that_is_taught(cache):
    soft = np.array([[0.6, 0.4, 0], [0.1, 0.2, 0.7], [0, 1, 0]], np.float32)
    data = TrainData(cache, np.array([1, 2, 0]), soft, tuple("abc"))
    assert data.candidates().targets.tolist() == [2, 1, 0]
    np.testing.assert_allclose(data.counts(), [0.7, 1.6, 0.7], rtol=1e-6)
    assert TrainData(cache, np.arange(2), np.array([2, 2, 0]), tuple("abc")).counts().tolist() == [0, 0, 2]


def test_it_learns(bench):
    _, history = bench().run(stage(epochs=12, optimizer={"name": "adamw", "lr": 0.02}, body_lr=1.0))
    assert history[-1]["train_loss"] < 0.5 * history[0]["train_loss"]
    assert history[0]["train_loss"] > 0.9


def test_history_has_a_row_per_epoch(bench):
    job = bench()
    _, history = job.run(stage(epochs=2), stage(epochs=1, schedule="constant"))
    assert [(row["stage"], row["epoch"]) for row in history] == [(0, 1), (0, 2), (1, 1)]
    wanted = {"stage", "epoch", "train_loss", "valid_loss", "lr", "seconds", "photos_per_second"}
    for row in history:
        assert set(row) == wanted
        assert row["photos_per_second"] == pytest.approx(23 / row["seconds"])
    assert history[2]["lr"] == pytest.approx(1e-3)


@pytest.mark.parametrize("averaging", ["none", "ema", "swa"])
def test_the_head_alone(bench, averaging):
    model, _ = bench(dropout=0.2).run(stage(layers="head", averaging=averaging))
    assert same_part(model, tiny_model())
    assert not torch.equal(model.head.weight, tiny_model().head.weight)
    assert not model.training


@pytest.mark.parametrize("averaging", ["none", "ema", "swa"])
def test_frozen_batch_norms_hold_still(bench, averaging):
    model, _ = bench().run(stage(batch_norm="frozen", averaging=averaging))
    assert same_part(model, tiny_model(), norms=True)
    assert not same_part(model, tiny_model(), norms=False)


def test_batch_norms_learn_unless_frozen_and_thaw_again(bench):
    for stages in ((stage(),), (stage(batch_norm="frozen"), stage())):
        model, _ = bench().run(*stages)
        for name, tensor in tiny_model().backbone.state_dict().items():
            assert not torch.equal(model.backbone.state_dict()[name], tensor), name


def test_a_body_without_a_rate_does_not_learn_nor_shorten_the_steps_of_the_head(bench):
    settings = {"batch_norm": "frozen", "clip": 0.05, "epochs": 3}
    model, _ = bench().run(stage(body_lr=0, **settings))
    assert same_part(model, tiny_model())
    assert same_weights(model, bench().run(stage(layers="head", **settings))[0])


def test_what_is_watched_is_what_is_kept(bench):
    for averaging in ("none", "ema"):
        job = bench()
        model, _ = job.run(stage(averaging=averaging))
        last = job.watched[-1]
        assert all(torch.equal(tensor, last[name]) for name, tensor in model.state_dict().items())


def test_swa_refits_batch_norms_on_training_photos(bench):
    job = bench()
    model, _ = job.run(stage(averaging="swa"))
    last = job.watched[-1]
    for name, tensor in model.state_dict().items():
        refitted = name.endswith(("running_mean", "running_var", "num_batches_tracked"))
        assert torch.equal(tensor, last[name]) != refitted, name


def test_dropout_and_seeds_count(bench):
    first, _ = bench(dropout=0.4).run(stage())
    assert same_weights(first, bench(dropout=0.4).run(stage())[0])
    assert not same_weights(first, bench().run(stage())[0])
    assert not same_weights(first, bench(dropout=0.4, seed=6).run(stage())[0])


def test_bf16_trains_and_keeps_fp32_weights(bench):
    model, history = bench().run(stage(precision="bf16", epochs=3))
    assert all(tensor.dtype == torch.float32 for tensor in model.parameters())
    exact, plain = bench().run(stage(epochs=3))
    assert history[-1]["train_loss"] == pytest.approx(plain[-1]["train_loss"], rel=0.05)
    assert not same_weights(model, exact)


def test_rows_that_are_not_trained_on_change_nothing(bench, cache):
    rows = np.arange(0, 23, 2)
    weights = np.ones(23)
    job = bench(rows=rows, weights=weights)
    first, _ = job.run(stage())
    other = weights.copy()
    other[1::2] = 99.0
    assert same_weights(first, bench(rows=rows, weights=other).run(stage())[0])


def test_progress_hears_the_mean_loss_so_far(bench):
    heard = []

    class Ears(Progress):
        def advance(self, count=1, **facts):
            heard.append((count, facts.get("loss")))

    _, history = bench().run(stage(epochs=1), progress=Ears())
    losses = [loss for _, loss in heard if loss is not None]
    assert len(losses) == 6
    assert losses[-1] == pytest.approx(history[0]["train_loss"])
    assert sum(count for count, loss in heard if loss is not None) == 23
