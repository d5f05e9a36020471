"""The command run in this process, as a process of its own, and on a terminal of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import frozen

from itnio_async.cli import main
from itnio_async.sandbox import Sandbox

COMMAND = [sys.executable, "-m", "itnio_async"]


@frozen
class Result:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def private_file(path: Path, content: str | bytes) -> Path:
    """Write a file that nobody else may read, and return its path."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return path


@pytest.fixture(autouse=True)
def no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ITNIO_SIP_PASSWORD", raising=False)


@pytest.fixture(autouse=True)
def own_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where journals and profiles are by themselves is a place of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows to a file and returns its path."""

    def write(*lines: str, name: str = "trunks.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


@pytest.fixture(params=["uvloop", "asyncio"])
def either_loop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The event loop of commands, here and in processes of their own: once uvloop, once without it."""
    name: str = request.param
    if name == "uvloop":
        pytest.importorskip("uvloop")
        return name
    folder = tmp_path / "without"
    folder.mkdir()
    (folder / "uvloop.py").write_text("raise ImportError\n")
    monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])))
    return name


@pytest.fixture
def itnio(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs the command in this process."""

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return Result(status, *capsys.readouterr())

    return run


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Where the journal of a test's job is to be."""
    return tmp_path / "job.journal"


@pytest.fixture
def apply(itnio: Callable[..., Result], journal: Path) -> Callable[..., Result]:
    """Applies a file with a journal of the test's own, without a question."""

    def run(file: object, *options: object) -> Result:
        return itnio("trunks", "apply", file, "--yes", "--journal", journal, *options)

    return run


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is captured counts as a terminal, 100 columns wide."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    # By their classes, since pytest makes new ones for each phase of a test.
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(type(stream), "isatty", lambda self: True, raising=False)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox of 12 trunks that the environment leads to."""
    with Sandbox(trunks=12) as running:
        monkeypatch.setenv("ITNIO_API_KEY", running.api_key)
        monkeypatch.setenv("ITNIO_API_SECRET", running.api_secret)
        monkeypatch.setenv("ITNIO_BASE_URL", running.url)
        yield running


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command as a process, which does not outlive the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: object, **options: object) -> subprocess.Popen[str]:
        pipes = {name: subprocess.PIPE for name in ("stdout", "stderr") if name not in options}
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
            **pipes,
            **options,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()
