"""What benchmarks share: photos, a clock, the machine, a table as their result."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import md5
from pathlib import Path

import numpy as np

PACKAGES = ("torch", "timm", "onnxruntime", "openvino", "numpy", "pandas", "pillow", "simplejpeg")


@dataclass
class Table:
    """One result: what was measured, rows of numbers, what they mean."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        lines = [f"## {self.title}", "", *self.notes, ""] if self.notes else [f"## {self.title}", ""]
        lines.append(f"| {' | '.join(self.columns)} |")
        lines.append("|" + " --- |" * len(self.columns))
        lines += [f"| {' | '.join(row)} |" for row in self.rows]
        return "\n".join(lines) + "\n"


def main(measure: Callable[[bool], Table]) -> None:
    """The command line of one benchmark: prints the table, and writes it as JSON where asked."""
    words = argparse.ArgumentParser(description=measure.__doc__)
    words.add_argument("--quick", action="store_true", help="tiny sizes: does it run?")
    words.add_argument("--json", type=Path, help="also write the table here")
    given = words.parse_args()
    table = measure(given.quick)
    print(table.markdown())
    if given.json:
        given.json.write_text(json.dumps(asdict(table)))


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The shortest of a few measurements: what the machine can do when nothing disturbs it."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def middle(times: Sequence[float]) -> float:
    """The median, for interleaved measurements."""
    return statistics.median(times)


def real_photos() -> list[Path]:
    """The training photos of art7, where $THRESHER_DATA has them, mixed: they lie class by class."""
    folder = Path(os.environ.get("THRESHER_DATA", "")) / "art7" / "train"
    named = "THRESHER_DATA" in os.environ and folder.is_dir()
    return sorted(folder.iterdir(), key=lambda path: md5(path.name.encode()).digest()) if named else []


def make_jpegs(folder: Path, count: int, size: tuple[int, int], quality: int = 90) -> tuple[list[str], str]:
    """JPEG files of one size: real photos enlarged where there are some, else smooth noise.

    Returns:
        their paths, and one line that says what they are.
    """
    from PIL import Image

    real = real_photos()
    rng = np.random.default_rng(0)
    paths = []
    for number in range(count):
        if real:
            with Image.open(real[number % len(real)]) as opened:
                photo = opened.convert("RGB").resize(size, Image.Resampling.BICUBIC)
        else:
            small = rng.integers(0, 256, (24, 32, 3), np.uint8)
            photo = Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)
        path = folder / f"{number:05d}.jpg"
        photo.save(path, quality=quality)
        paths.append(str(path))
    kind = "art7's photos, enlarged" if real else "made photos"
    return paths, f"{count} JPEG files of {size[0]}x{size[1]} pixels ({kind})"


def squares(count: int, size: int) -> np.ndarray:
    """Photos (N, S, S, 3), uint8: real ones where there are some, else noise."""
    from thresher.images.decode import read_photo
    from thresher.images.fit import fit

    real = real_photos()
    if not real:
        return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)
    return np.stack([fit(read_photo(real[number % len(real)]), size, "squish") for number in range(count)])


def times_as(rate: float, base: float) -> str:
    """``2.3x``."""
    return f"{rate / base:.2f}x"


def machine() -> list[tuple[str, str]]:
    """What the numbers depend on."""
    import torch

    facts = {"model name": platform.processor() or "unknown", "flags": ""}
    memory = "unknown"
    if Path("/proc/cpuinfo").is_file():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            facts.setdefault(key.strip(), value.strip())
            if key.strip() in ("model name", "flags"):
                facts[key.strip()] = value.strip()
    if Path("/proc/meminfo").is_file():
        memory = f"{int(Path('/proc/meminfo').read_text().split()[1]) / 2**20:.0f} GiB"
    wanted = {"avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8"}
    flags = sorted(wanted & set(facts["flags"].split()))
    return [
        ("processor", facts["model name"] + (f" ({', '.join(flags)})" if flags else "")),
        ("cores", f"{os.cpu_count()}, {torch.get_num_threads()} threads used"),
        ("memory", memory),
        ("GPU", torch.cuda.get_device_name() if torch.cuda.is_available() else "none"),
        ("system", f"{platform.system()} {platform.release()}, Python {platform.python_version()}"),
        ("packages", ", ".join(f"{name} {_version(name)}" for name in PACKAGES)),
    ]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
