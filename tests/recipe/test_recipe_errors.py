"""Everything that is wrong is said at once, with file, line, key and the nearest valid key."""

# ruff: noqa: E501  (messages are written out)

import pytest

from thresher.errors import RecipeError
from thresher.recipe.loader import load


def errors_of(tmp_path, text, overrides=()):
    """The lines of the error, without the folder."""
    path = tmp_path / "r.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load(path, overrides)
    return str(caught.value).replace(f"{tmp_path}/", "").splitlines()


BAD = """\
base: quick
data:
  groupe: person
  limit: "many"
  limit: 3
models:
  lite0:
    imagesize: 160
    stages:
      - kind: train
        loss: {name: cross_entropy, smothing: 0.1,
               spread: al}
        optimizer:
          name: adamw
          lr: fast
        epochs: 0
        augment: lite
      - kind: linear
        epochs: 3
      - train
      - epochs: 3
      - kind: trian
  lite9: null
epochs: 3
training: {checkpoint_minutes: -1, workers: 1.5}
folds: [3]
seed: -1
"""


def test_all_errors_at_once(tmp_path):
    stage = "models.lite0.stages"
    assert errors_of(tmp_path, BAD) == [
        "r.yaml:3: data.groupe: unknown key; did you mean 'group'?",
        "r.yaml:5: data.limit: the key stands twice (first in line 4)",
        "r.yaml:8: models.lite0.imagesize: unknown key; did you mean 'image_size'?",
        f"r.yaml:11: {stage}.0.loss.smothing: losses 'cross_entropy' has no setting 'smothing'; did you mean 'smoothing'?",
        f"r.yaml:12: {stage}.0.loss.spread: losses 'cross_entropy': spread = 'al': Input should be 'all' or 'others'",
        f"r.yaml:15: {stage}.0.optimizer.lr: optim 'adamw': lr = 'fast': "
        "Input should be a valid number, unable to parse string as a number",
        f"r.yaml:16: {stage}.0.epochs: must be at least 1, not 0",
        f"r.yaml:17: {stage}.0.augment: no augment part is named 'lite'; did you mean 'light'?",
        f"r.yaml:19: {stage}.1.epochs: unknown key here; it belongs to a stage of kind 'train'",
        f"r.yaml:20: {stage}.2: write kind: train",
        f"r.yaml:21: {stage}.3.kind: is missing: write kind: linear, kind: train or kind: repair",
        f"r.yaml:22: {stage}.4.kind: there is no kind of stage 'trian'; did you mean 'train'?",
        "r.yaml:23: models.lite9: there is no such model to remove; did you mean 'lite0'?",
        "r.yaml:24: epochs: unknown key here; did you mean 'models.*.stages.*.epochs'?",
        "r.yaml:25: training.checkpoint_minutes: must be at least 0, not -1",
        "r.yaml:25: training.workers: must be a whole number; it is 1.5",
        "r.yaml:26: folds: write the name of one of the folds parts, or a mapping with 'name' and its settings",
        "r.yaml:27: seed: must be at least 0, not -1",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "r.yaml:1: models: is missing: the recipe must say it"),
        ("- a", "r.yaml:1: a recipe is a mapping (key: value), not a list"),
        ("models: {}", "r.yaml:1: models: needs at least 1 entry"),
        ("models: {a: {}}\nname: 3", 'r.yaml:2: name: must be text; it is 3 (write "3" in quotes)'),
        ("models: {a: {}}\ndata: {classes: ab}", "r.yaml:2: data.classes: must be a list; it is 'ab'"),
        ("models: {a: {}}\ndata: x", "r.yaml:2: data: must be a mapping (key: value); it is 'x'"),
        ("models: {a: {}}\ndata: {allow_outside: perhaps}", "r.yaml:2: data.allow_outside: must be true or false; it is 'perhaps'"),
        ("models: {a: {}}\nimages: {cache_gb: big}", "r.yaml:2: images.cache_gb: must be a number; it is 'big'"),
        ("models: {a: {}}\nimages:\n  max_megapixels: 0", "r.yaml:3: images.max_megapixels: must be more than 0, not 0"),
        ("models:\n  a:\n    views:\n      - plain\n      - hfilp", "r.yaml:5: models.a.views.1: no views part is named 'hfilp'; did you mean 'hflip'?"),
        ("models: {a: {}}\nfolds: {name: given}", "r.yaml:2: folds: folds 'given' needs the setting 'file'"),
        ("models: {a: {}}\nfolds: {n: 3}", "r.yaml:2: folds: write the name of one of the folds parts, or a mapping with 'name' and its settings"),
        ("models: {a: {}}\nfolds: stratifid", "r.yaml:2: folds: no folds part is named 'stratifid'; did you mean 'stratified'?"),
        ("models:\n  a:\n    dropout: 0.1", "r.yaml:3: models.a.dropout: dropout has no effect without a train stage"),
        ("models:\n  a:\n    stages: [{kind: linear}, {kind: linear}]", "r.yaml:2: models.a: a linear stage is fitted on the backbone as it was loaded: it can only come first"),
        ("models:\n  a:\n    engine: torhc", "r.yaml:3: models.a.engine: there is no 'torhc' here; did you mean 'torch'?"),
        ("models: {a: {}}\nbase: 3", "r.yaml:2: base: write the name of a recipe or a file"),
    ],
)  # fmt: skip
def test_one_error(text, says, tmp_path):
    assert errors_of(tmp_path, text) == [says]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("models:\n\ta: {}", "r.yaml:2:1: not valid YAML: "),
        ("data: {limit: 3\nmodels: {}", "r.yaml:2:7: not valid YAML: "),
        ("models: {a: *nobody}", "r.yaml:1:13: not valid YAML: "),
        ("models: {a: !!python/object:os.system {}}", "r.yaml:1:13: not valid YAML: "),
        ("models: &m {a: *m}", "r.yaml:1:9: not valid YAML: an anchor that holds itself"),
        ("? [a]\n: b", "r.yaml:1:3: not valid YAML: a key must be a word"),
        ("a: 1\n---\nb: 2", "r.yaml:2:1: not valid YAML: "),
        ("a: \x07", "r.yaml: not valid YAML: "),
    ],
)
def test_syntax_errors_say_line_and_column(text, place, tmp_path):
    (line,) = errors_of(tmp_path, text)
    assert line.startswith(place)


def test_a_file_that_is_not_text(tmp_path):
    (tmp_path / "r.yaml").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(RecipeError, match=r"r\.yaml: cannot be read as text"):
        load(tmp_path / "r.yaml")


def test_errors_of_a_base_carry_the_file_of_the_base(tmp_path):
    (tmp_path / "base.yaml").write_text("models: {a: {}}\nimages:\n  cache_bg: 3\n")
    lines = errors_of(tmp_path, "base: base.yaml\nimages: {fits: crop}\n", ["sed=3"])
    assert lines == [
        "--set sed=3: unknown key; did you mean 'seed'?",
        "base.yaml:3: images.cache_bg: unknown key; did you mean 'cache_gb'?",
        "r.yaml:2: images.fits: unknown key; did you mean 'fit'?",
    ]
