"""The house is guarded: layers, sizes, types, docstrings, words; read from the source without importing it.

The layers stand in CONTRIBUTING.md; this test reads them there.
"""

import ast
import re
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "thresher"
LONGEST, MEDIAN = 400, 90  # lines per file

# Written in pieces, so that this file may be searched too.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.}/])/(?:work|root|home|Users|mnt|opt)/\w|[A-Z]:\\\\?Users"),
    "a folder beside the repository": re.compile(r"\.\./" + "shared"),
    "a package under the AGPL": re.compile("albumentations" + r"x\b|ultra" + "lytics", re.IGNORECASE),
}
BY_NAME = {"registry"}
"""Rooms that reach higher ones when the program runs, by name."""
MAY_NAME = {(".ci/run", "a folder beside the repository")}


def read_layers(text):
    """Layer numbers by room, 0 at the top, from the table whose first column is called 'layer'."""
    rows = re.search(r"^\| layer \|.*\n\|[ -|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert rows, "CONTRIBUTING.md has no table of layers"
    layers = {}
    for number, row in enumerate(rows[1].splitlines()):
        for room in re.findall(r"`(\w+)`", row.split("|")[2]):
            assert room not in layers, f"{room} stands in two layers"
            layers[room] = number
    return layers


def rooms_of(source):
    """Folders and modules at the top of the package."""
    return {
        path.stem for path in source.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }


def room_of(path, source):
    return path.relative_to(source).parts[0].removesuffix(".py")


def imported_rooms(tree, rooms, package="thresher"):
    """(line, room) of every import of the package, by name too; room is None for a relative import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                yield node.lineno, None
            elif node.module == package:
                for alias in node.names:
                    yield node.lineno, alias.name if alias.name in rooms else "__init__"
            elif (node.module or "").startswith(f"{package}."):
                yield node.lineno, node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == package:
                    yield node.lineno, alias.name.split(".")[1] if "." in alias.name else "__init__"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            by_name = re.fullmatch(package + r"\.(\w+)[\w.]*(?::\w+)?", node.value)
            if by_name:
                yield node.lineno, by_name[1]


def wrong_imports(source, layers):
    """Imports from the same layer or a higher one."""
    rooms = rooms_of(source)
    for path in sorted(source.rglob("*.py")):
        room = room_of(path, source)
        for line, target in imported_rooms(ast.parse(path.read_text(encoding="utf-8")), rooms):
            place = f"{path.relative_to(source)}:{line}"
            if target is None:
                yield f"{place}: relative import: write it from the package's name"
            elif target != room and layers.get(target, -1) <= layers.get(room, 99) and room not in BY_NAME:
                yield f"{place}: {room} may not import {target}, which is not below it"


def untold(source):
    """Public functions, classes and methods without a docstring or with a missing type."""
    for path in sorted(source.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not ast.get_docstring(tree):
            yield f"{path.relative_to(source)}: no docstring"
        yield from (f"{path.relative_to(source)}:{problem}" for problem in _untold_in(tree.body, ""))


def _untold_in(body, owner):
    for node in body:
        if isinstance(node, ast.If | ast.Try):  # platform switches
            yield from _untold_in([*node.body, *node.orelse], owner)
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        magic = node.name.startswith("__") and node.name.endswith("__")
        if node.name.startswith("_") and not (magic and owner):
            continue
        name = f"{node.lineno}: {owner}{node.name}"
        if not magic and not ast.get_docstring(node):
            yield f"{name}: no docstring"
        if isinstance(node, ast.ClassDef):
            yield from _untold_in(node.body, f"{node.name}.")
        else:
            given = node.args
            arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
            static = any(
                isinstance(one, ast.Name) and one.id == "staticmethod" for one in node.decorator_list
            )
            bound = arguments[0] if owner and not static and given.posonlyargs + given.args else None
            for argument in arguments:
                if argument is not None and argument is not bound and argument.annotation is None:
                    yield f"{name}: {argument.arg} has no type"
            if node.returns is None:
                yield f"{name}: no return type"


def line_counts(source):
    return {
        str(path.relative_to(source)): len(path.read_text(encoding="utf-8").splitlines())
        for path in source.rglob("*.py")
    }


def forbidden_words(root):
    """What must not stand in any text file of the repository."""
    top = [path for path in root.iterdir() if path.is_file()]
    folders = ("src/thresher", "tests", "docs", "benchmarks", ".ci")
    inside = [path for name in folders for path in (root / name).rglob("*") if path.is_file()]
    for path in sorted([*top, *inside]):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # a picture, compiled Python
            continue
        name = path.relative_to(root).as_posix()
        for what, pattern in FORBIDDEN.items():
            found = pattern.search(text)
            if found and (name, what) not in MAY_NAME:
                yield f"{name}:{text.count(chr(10), 0, found.start()) + 1}: {what}: {found[0]}"


@pytest.fixture(scope="module")
def layers():
    return read_layers((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))


def test_every_room_has_a_layer(layers):
    assert set(layers) == rooms_of(SOURCE)


def test_rooms_import_from_below_only(layers):
    assert list(wrong_imports(SOURCE, layers)) == []


def test_public_names_have_types_and_docstrings():
    assert list(untold(SOURCE)) == []


def test_files_are_short():
    counts = line_counts(SOURCE)
    median = statistics.median(counts.values())
    print(f"{len(counts)} files, median {median:.0f} lines, longest {max(counts.values())}")
    assert {name: count for name, count in counts.items() if count > LONGEST} == {}
    assert median <= MEDIAN


def test_no_forbidden_words():
    assert list(forbidden_words(ROOT)) == []


BAD = '''
import typing
from thresher import registry, run
import thresher.report.page as page

if typing.TYPE_CHECKING:
    from thresher.inference.engine import Engine


class Loss:
    """A loss."""

    def per_photo(self, logits, *rest: int) -> int:
        from thresher.pipeline.run import run
        from . import other
        load("thresher.training.loop:train_stage")

    def _own(self): ...

    @staticmethod
    def build(spec) -> None:
        """Builds."""


def loose(a: int, **more):
    """Says something."""
'''


def test_the_guard_bites(tmp_path, layers):
    """A bad module in the losses: every fault is named with its line."""
    source = tmp_path / "src" / "thresher"
    (source / "losses").mkdir(parents=True)
    (source / "losses" / "__init__.py").write_text('"""Losses."""\nfrom thresher.losses.bad import Loss\n')
    (source / "registry.py").write_text('"""Parts."""\nfrom thresher import errors\n')
    (source / "errors.py").write_text('"""Errors."""\n' + "#\n" * LONGEST)
    (source / "losses" / "bad.py").write_text(BAD)
    assert rooms_of(source) == {"losses", "registry", "errors"}
    assert [problem.replace(" may not import", "") for problem in wrong_imports(source, layers)] == [
        "losses/bad.py:3: losses __init__, which is not below it",
        "losses/bad.py:4: losses report, which is not below it",
        "losses/bad.py:7: losses inference, which is not below it",
        "losses/bad.py:14: losses pipeline, which is not below it",
        "losses/bad.py:15: relative import: write it from the package's name",
        "losses/bad.py:16: losses training, which is not below it",
    ]
    assert list(untold(source)) == [
        "losses/bad.py: no docstring",
        "losses/bad.py:13: Loss.per_photo: no docstring",
        "losses/bad.py:13: Loss.per_photo: logits has no type",
        "losses/bad.py:21: Loss.build: spec has no type",
        "losses/bad.py:25: loose: more has no type",
        "losses/bad.py:25: loose: no return type",
    ]
    assert line_counts(source)["errors.py"] > LONGEST


def test_the_search_for_words_bites(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("fine\ncd /" + "home/ann/photos\n")
    (tmp_path / "pyproject.toml").write_text('dependencies = ["albumentations' + 'x"]\n')
    (tmp_path / "Makefile").write_text("ls ../" + "shared/data\n")
    assert [problem.rsplit(":", 1)[0] for problem in forbidden_words(tmp_path)] == [
        "Makefile:1: a folder beside the repository",
        "docs/a.md:2: a path of one machine",
        "pyproject.toml:1: a package under the AGPL",
    ]


def test_two_places_for_one_room_are_refused():
    with pytest.raises(AssertionError, match="two layers"):
        read_layers("| layer | rooms |\n| --- | --- |\n| a | `x` `y` |\n| b | `x` |\n")
