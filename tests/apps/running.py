"""Programs in processes of their own, and waiting for what they do."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from support.programs import until

from itnio_async.sandbox import Sandbox

HERE = Path(__file__).parent


class Program:
    """A Python program against a sandbox, ready once it has printed `ready`; what it prints goes to the file `log`."""

    def __init__(self, sandbox: Sandbox, *arguments: str, ready: str, log: Path) -> None:
        self._log = log
        environment = {
            **os.environ,
            "ITNIO_API_KEY": sandbox.api_key,
            "ITNIO_API_SECRET": sandbox.api_secret,
            "ITNIO_BASE_URL": sandbox.url,
        }
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "always::ResourceWarning", *arguments],
                cwd=HERE,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 30
        while not (found := re.search(ready, self.log)):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"{arguments} did not start:\n{self.log}")
            time.sleep(0.005)
        self.port = int(found[1])

    @property
    def log(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(encoding="utf-8")

    def terminate(self) -> None:
        """Ask it to end."""
        self.process.send_signal(signal.SIGTERM)

    async def ended(self, within: float = 10.0) -> int:
        """Wait for its end and return its status."""
        await until(lambda: self.process.poll() is not None, within)
        return self.process.returncode

    def kill(self) -> None:
        """End it, if it has not ended yet."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
