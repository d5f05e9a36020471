"""The peer `go`, a program in another language: built for the run where Go is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from benchmarks import job

SOURCE = Path(__file__).parent / "peer.go"


def executable() -> str | None:
    """Return where Go is, or None."""
    return shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")


def build(folder: Path) -> str:
    """Build the program in that folder and return its path."""
    found, program = executable(), str(folder / "peer")
    assert found is not None
    # Nothing is downloaded, and nothing kept where there is no home to keep it.
    environment = {"GOCACHE": str(folder / "cache")} if "HOME" not in os.environ else {}
    subprocess.run(
        [found, "build", "-o", program, str(SOURCE)],
        env={**os.environ, **environment, "GOPROXY": "off", "GOTOOLCHAIN": "local", "GO111MODULE": "off"},
        check=True,
    )
    return program


def argument(url: str, authority: str) -> str:
    """Return what the program wants to know."""
    return json.dumps(
        {
            "url": url,
            "authority": authority,
            "path": job.PATH,
            "key": job.API_KEY,
            "secret": job.API_SECRET,
            "connections": job.CONNECTIONS,
            "update": job.UPDATE,
        }
    )


def version() -> str | None:
    """Return Go's version, or None where it is not installed."""
    found = executable()
    if found is None:
        return None
    return (
        subprocess.run([found, "version"], capture_output=True, text=True, check=True)
        .stdout.split()[2]
        .removeprefix("go")
    )
