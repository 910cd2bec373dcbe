"""The machine and the versions behind a run, for environment.json."""

import contextlib
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from thresher._version import __version__

PACKAGES = (
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "pandas",
    "scikit-learn",
    "opencv-python-headless",
    "onnxruntime",
    "openvino",
)


def environment() -> dict[str, Any]:
    """Versions, processor, cores, threads, GPUs and the command."""
    packages = {}
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            packages[name] = version(name)
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return {
        "thresher": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpus": gpus,
        "packages": packages,
        "command": command(),
    }


def command() -> list[str]:
    """The words that started this process; bytes that are no text are written as escapes."""
    return [word.encode(errors="backslashreplace").decode() for word in sys.argv]


def _processor() -> str:
    """The processor's name as Linux knows it, else as Python does."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
