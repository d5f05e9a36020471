"""Files that only their owner may read: reports that are there whole or not at all, and databases that SQLite writes.

What is in the place of a file and is not one (a directory, a device, a link to somewhere) is never changed.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from itnio_async.errors import ConfigurationError

STANDARD_OUTPUT = "-"
# By any of its names it may be a file, which the shell has open: replaced, what is printed later would be lost.
_STANDARD_OUTPUTS = frozenset({STANDARD_OUTPUT, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})
_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}
# What SQLite keeps beside a database: it would follow no link there, but change the mode of a device or a pipe.
_BESIDE_A_DATABASE = ("-wal", "-shm", "-journal")


class NotAFileError(OSError):
    """Something else is where a file of ours would be."""

    @classmethod
    def of(cls, path: Path, what: str) -> NotAFileError:
        """Return the error for that path; `what` says what is there."""
        return cls(errno.EEXIST, f"is {what}", os.fspath(path))

    def __str__(self) -> str:
        return f"{self.filename} {self.strerror}"


@contextmanager
def private_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Give a file to write to, with mode 0600; it takes its name only when all is written.

    Whatever had the name is replaced (of a link, what it leads to), but a character device or a pipe is written to; `-`
    is standard output. Raises `ConfigurationError` where it cannot be written, and for a directory, a disk or a socket.
    """
    given = Path(path)
    with _explained(path):
        if os.fspath(path) in _STANDARD_OUTPUTS:
            sys.stdout.flush()
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        elif _is_device(given):
            sys.stdout.flush()  # it may be the terminal, and what was printed before goes before
            with given.open("wb") as device:
                yield device
        else:
            with _replaced(Path(os.path.realpath(given))) as file:
                yield file


def require_writable(path: str | os.PathLike[str]) -> None:
    """Raise `ConfigurationError` where `private_file` could not write to that path at this moment; changes nothing."""
    given = Path(path)
    with _explained(path):
        if os.fspath(path) not in _STANDARD_OUTPUTS and not _is_device(given):
            tempfile.TemporaryFile(dir=Path(os.path.realpath(given)).parent).close()


@contextmanager
def _explained(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = str(error) if isinstance(error, NotAFileError) else error.strerror or error
        raise ConfigurationError(f"{path} cannot be written: {what}.") from error


def _is_device(path: Path) -> bool:
    """Tell whether what is there is written to and not replaced; raises `NotAFileError` for what can be neither."""
    # Asked of the link: one to a pipe that has no name leads nowhere.
    if not path.exists():
        return False
    status = path.stat()
    if stat.S_ISCHR(status.st_mode) or stat.S_ISFIFO(status.st_mode):
        return True
    _require_file(path, status)
    return False


@contextmanager
def _replaced(target: Path) -> Iterator[BinaryIO]:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".itnio-")
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - by its handle
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


# -- databases --------------------------------------------------------------------------------------------------------


def create_private(path: Path, *, empty: bool = False) -> None:
    """Make a database's file if it is not there, for its owner alone; SQLite gives its other files the same mode.

    Raises what `require_database` raises, before anything is changed.
    """
    require_database(path, empty=empty)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def make_private(path: Path, *, empty: bool = False) -> None:
    """Do what `create_private` does, and take from others what they may do with a file that was there."""
    create_private(path, empty=empty)
    with _looked_at(path) as (status, place):
        _require_file(path, status)
        if status.st_mode & 0o077:
            place.chmod(0o600)


def require_database(path: Path, *, empty: bool = False) -> None:
    """Raise `NotAFileError` where something is in the way of a database or of what SQLite keeps beside it.

    That is whatever is not a regular file, and with `empty` a file that has something in it. Links are not followed.
    """
    for name in (path.name, *(f"{path.name}{ending}" for ending in _BESIDE_A_DATABASE)):
        file = path.parent / name
        with suppress(FileNotFoundError), _looked_at(file) as (status, _):
            _require_file(file, status)
            if empty and file == path and status.st_size:
                raise NotAFileError.of(file, "a file that has something in it")


def _require_file(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotAFileError.of(path, _KINDS.get(stat.S_IFMT(status.st_mode), "not a file"))


@contextmanager
def _looked_at(path: Path) -> Iterator[tuple[os.stat_result, Path]]:
    """Give what is at a path, and a path of that very thing, whatever is put in its place meanwhile.

    It is not opened to be read: closing it would end the locks that this process has on it. Where the system has no
    other way to hold it, what is given is the path itself.
    """
    if sys.platform != "linux":
        yield os.lstat(path), path
        return
    handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield os.fstat(handle), Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
