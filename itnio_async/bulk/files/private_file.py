"""Files that only their owner may read, and that stand there whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from itnio_async.errors import ConfigurationError

STANDARD_OUTPUT = "-"


@contextmanager
def private_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Give a file to write to, with mode 0600; it takes its name only when all is written.

    Whatever had the name is replaced, but a device or a pipe is written to; `-` is standard output. Raises
    `ConfigurationError` where it cannot be written.
    """
    given = Path(path)
    target = Path(os.path.realpath(given))  # of a link, what it leads to
    try:
        if os.fspath(path) == STANDARD_OUTPUT:
            sys.stdout.flush()
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
            return
        # Asked of the link: one to a pipe that has no name leads nowhere.
        if given.exists() and not given.is_file() and not given.is_dir():
            sys.stdout.flush()  # it may be /dev/stdout, and what was printed before goes before
            with given.open("wb") as device:
                yield device
            return
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
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror or error}.") from error
