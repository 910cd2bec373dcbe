"""The command line starts at once and imports nothing heavy."""

import os
import subprocess
import sys
import time

import pytest

HEAVY = {
    "torch",
    "pandas",
    "numpy",
    "sklearn",
    "cv2",
    "matplotlib",
    "pyarrow",
    "timm",
    "albumentations",
    "onnxruntime",
    "starlette",
    "uvicorn",
}


def thresher(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "thresher", *words],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["run", "--help"],
        ["find-lr", "--help"],
        ["labels", "--help"],
        ["review", "--help"],
        ["recipes"],
        ["--version"],
    ],
)
def test_nothing_heavy_is_imported(words):
    code = (
        "import sys\n"
        "from thresher.cli import main\n"
        "try:\n"
        f"    main({words!r})\n"
        "finally:\n"
        "    print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert HEAVY & set(done.stderr.split()) == set()


def test_importing_the_package_costs_nothing():
    code = "import sys, thresher; print(*sys.modules); assert 'Recipe' in dir(thresher)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert not (HEAVY | {"pydantic", "typer", "rich", "yaml"}) & set(done.stdout.split())


def test_help_within_half_a_second():
    seconds = []
    for _ in range(5):  # the best of several: the machine may be busy with other tests
        begin = time.perf_counter()
        assert thresher("--help").returncode == 0
        seconds.append(time.perf_counter() - begin)
    assert min(seconds) < 0.5


def test_help_names_every_command():
    shown = thresher("--help", COLUMNS="120").stdout
    assert all(
        f" {name} " in shown for name in ("run", "inspect", "predict", "report", "review", "recipes", "parts")
    )


def test_version():
    from thresher import __version__

    assert thresher("--version").stdout == f"thresher {__version__}\n"


def test_the_public_names_are_lazy_and_real():
    import thresher
    from thresher.recipe.schema import Recipe

    assert thresher.Recipe is Recipe
    with pytest.raises(AttributeError, match="no attribute 'Recipes'"):
        _ = thresher.Recipes


def test_an_error_is_one_message_and_code_2():
    done = thresher("recipes", "quik")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: no recipe is named 'quik'; did you mean 'quick'?\n"
