"""A terminal for a command: what it shows there, and keys to press."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from cli.conftest import COMMAND

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """The command on a terminal `width` columns wide; `piped` comes in on standard input instead of the keys."""

    def __init__(self, *arguments: object, width: int = 100, piped: str | None = None) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdin=theirs if piped is None else subprocess.PIPE,
            stdout=theirs,
            stderr=theirs,
            # A session of its own with this terminal: Ctrl-C reaches the command and nobody else.
            preexec_fn=lambda: (os.setsid(), fcntl.ioctl(1, termios.TIOCSCTTY, 0)),
            env={**os.environ, "TERM": "xterm"},
        )
        os.close(theirs)
        if self.process.stdin is not None:
            with self.process.stdin as stdin:
                stdin.write((piped or "").encode())
        self.shown = ""

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def close(self) -> None:
        """Close it, as somebody closes its window."""
        os.close(self._ours)

    def wait_for(self, text: str, timeout: float = 20) -> None:
        """Read until the text is there."""
        end = time.monotonic() + timeout
        while text not in self.shown:
            assert self._read(end - time.monotonic()), f"{text!r} was not shown, but:\n{self.shown}"

    def wait_for_hidden(self, text: str, timeout: float = 20) -> None:
        """Read until the text is there and typing is not shown any more: what is typed before that is thrown away."""
        self.wait_for(text, timeout)
        end = time.monotonic() + timeout
        while termios.tcgetattr(self._ours)[3] & termios.ECHO:
            assert time.monotonic() < end
            self._read(0.01)

    def end(self, timeout: float = 20) -> int:
        """Read to the end and return the exit status."""
        end = time.monotonic() + timeout
        while self._read(end - time.monotonic()):
            pass
        return self.process.wait(timeout=5)

    def interrupt(self, shows: str = "Interrupted.", timeout: float = 20) -> int:
        """Press Ctrl-C, which `shows` something, and return the exit status.

        Pressed again while nothing happens: a signal just before the system call that reads the keys waits for a next.
        """
        end = time.monotonic() + timeout
        while shows not in self.shown and time.monotonic() < end:
            self.press("\x03")
            while shows not in self.shown and self._read(2):
                pass
        return self.end()

    def _read(self, timeout: float) -> bool:
        if not select.select([self._ours], [], [], max(0, timeout))[0]:
            return False
        try:
            read = os.read(self._ours, 65_536)
        except OSError:  # how Linux says that nobody has the other side open
            read = b""
        self.shown += _COLOURS.sub("", read.decode(errors="replace")).replace("\r\n", "\n")
        return bool(read)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            os.close(self._ours)
