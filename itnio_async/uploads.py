"""The content of a file as base64 text, as the vendor takes it: from a path, from bytes or from an open file.

A file is read in parts and each part is encoded at once: what is held is the text and never the file beside
it.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Coroutine
from io import BytesIO
from os import PathLike
from pathlib import Path
from types import NoneType
from typing import Protocol, TypeAlias, runtime_checkable

from itnio_async.errors import InvalidRequestError
from itnio_async.threads import in_thread
from itnio_async.values import Base64

_PART = 3 * 2**16  # of which each but the last becomes base64 without padding
_LONG = 2**20  # from here on the loop would stand still for too long


@runtime_checkable
class Readable(Protocol):
    """A file that is open for reading bytes."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""


FileSource: TypeAlias = str | PathLike[str] | bytes | bytearray | Readable
"""A file to be sent: its path, its content, or the file itself, open for reading bytes."""


def name_of(source: FileSource, name: str | None, *, field: str = "file_name") -> str:
    """Return the name that a file is sent under: the one given, else the file's own.

    Raises `InvalidRequestError` for the `field` of the name where it has none.
    """
    own = source if isinstance(source, str | PathLike) else getattr(source, "name", None)
    if name is None and isinstance(own, str | PathLike):
        name = Path(own).name
    if name is None:
        raise InvalidRequestError("the content alone has no name. Give one with its ending.", field=field)
    return name


async def as_base64(source: FileSource, *, most: int | None = None, code: int | None = None) -> Base64:
    """Return the content of a file as base64 text.

    What is read from a disk, or is longer than 1 MB, is read and encoded in a thread, which nothing waits for where the
    call is cancelled: a pipe that nobody writes to would hold up the program's end. `most` is how many bytes the file
    may have, and `code` the vendor's code for more. Raises `InvalidRequestError` for an empty or a longer file and for
    what is not a file, and OSError for one that cannot be read.
    """
    if isinstance(source, bytes | bytearray):
        if most is not None and len(source) > most:
            raise _too_long(most, code)
        if len(source) <= _LONG:
            return _encoded(BytesIO(source), most, code)
        source = BytesIO(source)
    return await in_thread(_read, source, most, code)


def _read(source: FileSource, most: int | None, code: int | None) -> Base64:
    try:
        if isinstance(source, str | PathLike):
            with Path(source).open("rb") as file:
                return _encoded(file, most, code)
        if isinstance(source, Readable):
            return _encoded(source, most, code)
    except InvalidRequestError:
        raise
    except ValueError as error:  # a file that is closed, a path that cannot be one
        raise InvalidRequestError(f"the file cannot be read: {error}.", field="file") from None
    raise InvalidRequestError("a path, bytes, or a file open for reading bytes is wanted.", field="file")


def _encoded(file: Readable, most: int | None, code: int | None) -> Base64:
    parts: list[bytes] = []
    size = 0
    rest = b""
    while part := _next_part(file, _PART - len(rest)):
        size += len(part)
        if most is not None and size > most:
            raise _too_long(most, code)
        whole = rest + part
        cut = len(whole) - len(whole) % 3
        rest = whole[cut:]
        parts.append(b2a_base64(whole[:cut], newline=False))
    if not size:
        raise InvalidRequestError("the file is empty.", field="file")
    return Base64([*parts, b2a_base64(rest, newline=False)], size)


def _next_part(file: Readable, most: int) -> bytes:
    part: object = file.read(most)
    if isinstance(part, bytes):
        return part
    if isinstance(part, Coroutine):
        part.close()  # or Python warns that nobody awaited it
    what = {NoneType: "nothing yet", str: "text"}.get(type(part), f"an object of type {type(part).__name__}")
    advice = "open it for reading bytes (mode 'rb'), with a `read` that waits for them and is not awaited itself"
    raise InvalidRequestError(f"the file gives {what}: {advice}.", field="file")


def _too_long(most: int, code: int | None) -> InvalidRequestError:
    return InvalidRequestError(f"the file is longer than {most} bytes. The vendor takes no more.", "file", code)
