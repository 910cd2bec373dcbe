"""Records the walk of docs/review.md: draws photos, runs Thresher on them, reviews as a person would.

    python docs/review/walk.py

It needs the extra `test`, and chromium. What it makes beside the pictures is removed in the end. `--keep DIR`
keeps it there instead, and uses what is there already.
"""

import argparse
import csv
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from leaves import KINDS, write_leaves

from thresher.run_folder import RunFolder
from thresher.seeds import generator

HERE = Path(__file__).parent
EACH, SHARE = 45, 0.16
LOOK_ALIKE = {
    "birch": "linden",
    "linden": "birch",
    "maple": "oak",
    "oak": "maple",
    "ginkgo": "maple",
    "willow": "birch",
}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
READY = "body[data-state=ready]"


def make_data(folder: Path) -> Path:
    """Photos, and a table in which some labels are wrong."""
    rng = generator(0, "walk")
    table = folder / "leaves.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["image_id", "label"])
        for name, kind in write_leaves(folder / "leaves", EACH):
            label = kind
            if rng.random() < SHARE:
                label = LOOK_ALIKE[kind] if rng.random() < 0.75 else str(rng.choice(KINDS))
            out.writerow([name, label])
    return table


def thresher(*words: str) -> None:
    """Runs a command."""
    subprocess.run([sys.executable, "-m", "thresher", *words], check=True)


class Server:
    """`thresher review`, which the walk also stops and starts."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.port = "0"
        self.start()

    def start(self) -> None:
        """Starts it, on the same port as before."""
        words = ["review", str(self.run.root), "--no-browser", "--port", self.port, "--who", "Ann"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "thresher", *words], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        self.port = re.findall(r":(\d+)/", self.address)[0]

    def stop(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait()


def picture(page: Any, name: str) -> None:
    """A screenshot, with few enough colours to be small."""
    from io import BytesIO

    from PIL import Image

    page.wait_for_timeout(400)
    with Image.open(BytesIO(page.screenshot())) as shot:
        few = shot.convert("RGB").quantize(256, kmeans=8, dither=Image.Dither.FLOYDSTEINBERG)
        few.save(HERE / f"{name}.png", optimize=True)


def judge(page: Any, key: str, pause: int = 0) -> None:
    """Presses a key, and waits for the next photo."""
    row = page.get_attribute("body", "data-row")
    page.wait_for_timeout(pause)
    page.keyboard.press(key)
    page.wait_for_function(
        "row => ['ready', 'end'].includes(document.body.dataset.state) && document.body.dataset.row !== row",
        arg=row,
    )


def record(server: Server, truth: dict[str, str]) -> None:
    """The walk itself."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(server.address)
        page.wait_for_selector(READY)

        def answer() -> str:
            """What somebody who knows leaves would press."""
            kind = truth[page.text_content("#photo-id")]
            if kind == page.text_content("#given"):
                return "k"
            return "a" if kind == page.text_content("#suggested") else str(KINDS.index(kind) + 1)

        picture(page, "1-judge")
        for _ in range(11):
            judge(page, answer(), 1600)
        page.keyboard.press("z")
        picture(page, "2-zoom")
        page.keyboard.press("Escape")
        page.keyboard.press("o")
        page.keyboard.type("l")
        picture(page, "3-other-class")
        page.keyboard.press("Escape")
        page.wait_for_function("() => !document.querySelector('dialog[open]')")

        server.stop()
        page.keyboard.press(answer())
        page.wait_for_selector("#notice-offline")
        picture(page, "4-server-stopped")
        row = page.get_attribute("body", "data-row")
        server.start()
        page.wait_for_function("row => document.body.dataset.row !== row", arg=row)
        page.wait_for_selector(READY)

        phone = browser.new_context(
            viewport={"width": 390, "height": 844}, device_scale_factor=2, has_touch=True, is_mobile=True
        ).new_page()
        phone.goto(server.address)
        phone.wait_for_selector(READY)
        phone.wait_for_timeout(2000)
        phone.tap("[data-act=accept]")
        phone.wait_for_timeout(700)
        phone.wait_for_selector(READY)
        picture(phone, "5-phone")
        phone.context.close()

        dark = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="dark")
        dark.goto(server.address)
        dark.wait_for_selector(READY)
        dark.keyboard.press("f")
        picture(dark, "6-filter-dark")
        dark.context.close()

        while page.get_attribute("body", "data-state") != "end":
            judge(page, answer(), 900)
        picture(page, "7-end")
        browser.close()


def main() -> None:
    """Makes everything, records, and tidies up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="keep photos and run in this folder")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        run = RunFolder(folder / "autumn leaves")
        if not run.predictions("oof").is_file():
            table = make_data(folder)
            thresher("run", str(table), "--images", str(folder / "leaves"), "--out", str(run.root))
        shutil.rmtree(run.labels, ignore_errors=True)
        thresher("labels", str(run.root))
        truth = {f"leaf_{number:04d}.jpg": KINDS[number % len(KINDS)] for number in range(EACH * len(KINDS))}
        server = Server(run)
        try:
            record(server, truth)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
