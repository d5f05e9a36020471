"""A page looked at in headless Chromium, without a network; skipped where it is not installed."""

from __future__ import annotations

import html
import re
import subprocess
from pathlib import Path

from attrs import frozen

from support.programs import program

OFFLINE = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # No name resolves to anything: a page that needs the network shows it.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
    "--log-level=0",
)
# How Chromium logs what a page says on its console: errors, blocked loads, uncaught exceptions.
_CONSOLE = re.compile(r"CONSOLE[:(]\d*\)?\]? *\"?(.*)")


@frozen
class Seen:
    """What the browser made of a page: its document after the scripts have run, and what was on its console."""

    document: str
    console: list[str]

    @property
    def text(self) -> str:
        return html.unescape(re.sub("<[^>]*>", "\n", self.document))


def look_at(page: Path, profile: Path) -> Seen:
    """Open a file in a browser with a new profile in this directory, let its scripts run, and return what is there."""
    chromium = program("chromium", package="chromium")
    ended = subprocess.run(
        [chromium, *OFFLINE, f"--user-data-dir={profile}", "--virtual-time-budget=5000", "--dump-dom", page.as_uri()],
        capture_output=True,
        timeout=50,
        check=True,
    )
    said = ended.stderr.decode(errors="replace")
    return Seen(ended.stdout.decode(), [found[1] for found in _CONSOLE.finditer(said)])
