"""What is in the place of a file of ours and is not one: refused by its path, and left just as it is."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import subprocess
import sys

import pytest
from support.journals import HEADER

from itnio_async import ConfigurationError
from itnio_async.bulk.files.private_file import private_file
from itnio_async.bulk.journal.journal import Journal, JournalError, has_journal
from itnio_async.sandbox import Sandbox

KINDS = ("directory", "pipe", "socket", "device", "disk", "link to a file", "link to nothing")
BESIDE = ("", "-wal", "-shm", "-journal")


def make(kind, path):
    """Put something at the path that everybody may use."""
    target = path.parent / "target"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))  # a socket's path may not be long
    elif kind in ("device", "disk"):
        # That of /dev/null; nobody has the other number.
        form, number = (stat.S_IFCHR, os.makedev(1, 3)) if kind == "device" else (stat.S_IFBLK, os.makedev(240, 0))
        try:
            os.mknod(path, form | 0o666, number)
        except PermissionError:
            pytest.skip("only root makes devices")
    else:
        if kind == "link to a file":
            target.touch()
            target.chmod(0o644)
        path.symlink_to(target)
        return
    path.chmod(0o755)


def seen(directory):
    """What anybody sees of a directory: names, kinds, modes, sizes, times and where links lead."""
    found = {}
    for path in directory.rglob("*"):
        status = path.lstat()
        leads = path.readlink() if path.is_symlink() else None
        found[path.name] = (status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, leads)
    return found


async def open_journal(path):
    journal = await Journal.open(path, HEADER, [])
    await journal.aclose()


async def look_for_journal(path):
    await asyncio.to_thread(has_journal, path)


async def keep_state(path):
    async with Sandbox(trunks=1, state=path):
        pass


PLACES = [
    *(
        (opened, ending)
        for opened in (open_journal, look_for_journal)
        for ending in (*BESIDE, ".lock", ".lock-journal")
    ),
    *((keep_state, ending) for ending in (*BESIDE, ".lock")),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("opened", "ending"), PLACES)
async def test_what_is_not_a_file_is_refused_before_anything_is_changed(tmp_path, monkeypatch, opened, ending, kind):
    monkeypatch.chdir(tmp_path)
    make(kind, tmp_path / f"ours{ending}")
    before = seen(tmp_path)
    with pytest.raises((JournalError, ConfigurationError), match=rf"ours{ending} is a .*[Gg]ive "):
        await opened(tmp_path / "ours")
    assert seen(tmp_path) == before


async def test_somebody_elses_lock_is_not_taken_for_ours(tmp_path):
    lock = tmp_path / "poetry.lock"
    lock.write_text("# generated\n")
    lock.chmod(0o644)
    before = seen(tmp_path)
    with pytest.raises(JournalError, match=r"poetry\.lock is a file that has something in it.*Give another path"):
        await open_journal(tmp_path / "poetry")
    assert seen(tmp_path) == before


async def test_a_link_to_a_directory_on_the_way_is_followed(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "disk")
    await open_journal(tmp_path / "state" / "j")
    assert has_journal(tmp_path / "disk" / "j")


async def test_a_file_that_others_may_read_is_taken_from_them(tmp_path):
    for name in ("j", "j.lock"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o666)
    await open_journal(tmp_path / "j")
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


# -- reports, exports and other files that are named by somebody ------------------------------------------------------


def write(path):
    with private_file(path) as file:
        file.write(b"content\n")


@pytest.mark.parametrize("kind", ["directory", "socket", "disk"])
def test_what_cannot_be_a_report_is_refused_and_left_alone(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    make(kind, tmp_path / "report")
    before = seen(tmp_path)
    with pytest.raises(ConfigurationError, match="report cannot be written: "):
        write(tmp_path / "report")
    assert seen(tmp_path) == before


def test_a_device_is_written_to_and_keeps_its_mode(tmp_path):
    make("device", tmp_path / "null")
    before = {name: status[:3] for name, status in seen(tmp_path).items()}
    write(tmp_path / "null")
    assert {name: status[:3] for name, status in seen(tmp_path).items()} == before


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_that_goes_to_a_file_stays_that_file(tmp_path, name):
    """The shell has it open: what comes before and after must be in it too."""
    program = (
        "import sys\n"
        "from itnio_async.bulk.files.private_file import private_file\n"
        "print('before')\n"
        "with private_file(sys.argv[1]) as file: file.write(b'content\\n')\n"
        "print('after')\n"
    )
    out = tmp_path / "out"
    out.touch(0o644)
    before = out.stat()
    with out.open("wb") as file:
        subprocess.run([sys.executable, "-c", program, name], stdout=file, check=True, timeout=30)
    assert out.read_text() == "before\ncontent\nafter\n"
    assert (out.stat().st_ino, out.stat().st_mode) == (before.st_ino, before.st_mode)
