"""A real server and a page in a real browser."""

import json
import os
import re
import signal
import subprocess
import sys

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


class Server:
    """`thresher review` in a process of its own, which can be killed and started again on the same port."""

    def __init__(self, run):
        self.run = run
        self.port = 0
        self.process = None
        self.start()

    def start(self):
        words = ["review", str(self.run.root), "--no-browser", "--port", str(self.port), "--who", "Ann"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "thresher", *words], stdout=subprocess.PIPE, text=True, env=os.environ
        )
        self.address = self.process.stdout.readline().strip()
        self.port = int(re.search(r":(\d+)/", self.address)[1])

    def kill(self):
        """As if the power went: nothing is closed, nothing is said."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ctrl-C; the last line that it says."""
        self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate(timeout=30)
        return said

    def lines(self):
        """The journal, read by nothing but json."""
        return [json.loads(line) for line in self.run.decisions.read_text(encoding="utf-8").splitlines()]


class Page:
    """What a person does: looks, presses keys, waits for the next photo."""

    def __init__(self, page, address):
        self.page = page
        self.trouble = []
        self.expected = ()  # parts of complaints that a test brings about
        page.on("console", lambda said: said.type in ("error", "warning") and self.trouble.append(said.text))
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("dialog", lambda dialog: self.trouble.append(dialog.message) or dialog.dismiss())
        page.goto(address)
        self.ready()

    def ready(self):
        self.page.wait_for_selector("body[data-state=ready]")

    def text(self, name):
        return self.page.text_content(f"#{name}")

    @property
    def row(self):
        """The row of the photo on show, as text; empty where none is."""
        return self.page.get_attribute("body", "data-row") or ""

    @property
    def photo(self):
        return self.text("photo-id")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
            if key == "Escape":  # a dialog closes a moment later
                self.page.wait_for_function("() => !document.querySelector('dialog[open]')")

    def decide(self, *keys):
        """Presses keys and waits until another photo, or the end, is on show."""
        before = self.row
        self.press(*keys)
        self.page.wait_for_function(
            "before => ['ready', 'end'].includes(document.body.dataset.state)"
            " && (document.body.dataset.row ?? '') !== before",
            arg=before,
        )

    def find(self, photo):
        """Searches for a photo by its name among all photos, and shows it."""
        self.press("/")
        self.page.fill("#filter-text", photo)
        self.page.click("#filter-states input[value=all] + span")
        self.page.press("#filter-text", "Enter")
        self.page.wait_for_function(
            "name => document.getElementById('photo-id').textContent === name", arg=photo
        )
        self.ready()

    def notice(self, key):
        return self.page.wait_for_selector(f"#notice-{key}").text_content()

    def fits(self):
        """Whether nothing reaches beyond the screen's width."""
        return self.page.evaluate(
            "() => [document.documentElement, document.body].every(one => one.scrollWidth <= innerWidth)"
        )
