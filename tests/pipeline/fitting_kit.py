"""Photos, a machine and a recipe that tests of fitting share."""

import copy

from thresher.pipeline.fitting.fit import fit_here
from thresher.pipeline.fitting.speed import Photos
from thresher.training.harness import Harness

LITE = "tf_efficientnet_lite"
BIG = """\
folds: {name: stratified, n: 10}
models:
  b4: &b4
    backbone: efficientnet_b4
    image_size: 512
    seeds: [0, 1]
    stages:
      - &train
        kind: train
        epochs: 30
        batch_size: 16
        optimizer: {name: sam, inner: {name: adam, lr: 0.001}}
        loss: {name: cross_entropy, smoothing: 0.2}
        mixing: cutmix
        averaging: {name: swa, start: 20}
    views: [plain, hflip, vflip, transpose, rot90]
  resnext:
    <<: *b4
    backbone: resnext50_32x4d
  vit:
    <<: *b4
    backbone: vit_base_patch16_384
    image_size: 384
ensemble: {name: grouped, groups: {cnn: [b4, resnext]}, then: {name: weighted, weights: {cnn: 2, vit: 1}}}
"""


class Machine:
    """Rates that are made up: in proportion to the pixels, and to the backbone's size."""

    photos = Photos(227, 0.001, ())
    harness = Harness(cpu=True)
    took = 2.0
    cost = {"0": 1.0, "1": 1.6, "2": 2.3}  # noqa: RUF012

    def __init__(self, slow=1.0):
        self.slow = slow

    def _work(self, recipe, name, size):
        return self.slow * self.cost.get(recipe.models[name].backbone[-1], 3.0) * (size / 224) ** 2

    def score(self, recipe, name, size):
        return 0.004 * self._work(recipe, name, size or recipe.models[name].image_size)

    def step(self, recipe, name, number):
        stage = recipe.models[name].stages[number]
        twice = 2 if stage.optimizer["name"] == "sam" else 1
        return 0.07 * twice * self._work(recipe, name, stage.image_size or recipe.models[name].image_size)

    def view(self, recipe, name, number):
        return 0.0005

    def width(self, section):
        return 1280


def bundled(section):
    return section.weights == "none" or section.backbone.startswith(LITE)


def fitted(recipe, dataset, minutes, machine=None):
    return fit_here(recipe, dataset, minutes, machine or Machine(), have=bundled)


def work(recipe):
    """Epochs times pixels, of all models and seeds."""
    return sum(
        len(model.seeds) * stage.epochs * (stage.image_size or model.image_size) ** 2
        for model in recipe.models.values()
        for stage in model.stages
        if stage.kind == "train"
    )


def leaves(tree, path=()):
    """Every scalar of a dumped recipe by its path."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else None
    if items is None:
        return {path: tree}
    return {path: type(tree).__name__} | {
        key: value for name, inner in items for key, value in leaves(inner, (*path, name)).items()
    }


def replay(tree, changes):
    """A dumped recipe with the changes made in it."""
    made = copy.deepcopy(tree)
    for change in changes:
        node = made
        for step in change.path[:-1]:
            node = node[step]
        if change.after is None and change.path[0] == "models" and len(change.path) == 2:
            del node[change.path[-1]]
        else:
            node[change.path[-1]] = copy.deepcopy(change.after)
    return made


def check_changes(before, found):
    """The changes tell of exactly the keys that differ, and lead from one recipe to the other."""
    one, other = before.model_dump(mode="json"), found.recipe.model_dump(mode="json")
    assert replay(one, found.changes) == other
    paths = [change.path for change in found.changes]
    assert len(set(paths)) == len(paths)
    mine, theirs = leaves(one), leaves(other)
    differ = {path for path in mine.keys() | theirs.keys() if mine.get(path, ...) != theirs.get(path, ...)}
    for path in differ:
        assert any(path[: len(told)] == told for told in paths), path
    lists = [change.path for change in found.changes if isinstance(change.after, list)]
    for told in paths:
        # A list that grew is one change; what changed inside of it afterwards, by its new places, is another.
        grown = any(one != told and told[: len(one)] == one for one in lists)
        assert grown or any(path[: len(told)] == told for path in differ), told
    assert all(change.before != change.after for change in found.changes)
    assert all(change.why for change in found.changes)
