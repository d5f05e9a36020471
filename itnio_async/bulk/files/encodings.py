"""Which encoding a text file has: what its first bytes prove, else UTF-8, else what the caller says. No guesses."""

from __future__ import annotations

import codecs
import re

from itnio_async.bulk.files.places import SourceError

# The longer marks first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# A file of rows begins with an ASCII character (a column's name, a bracket), and text has no NUL: these are certain.
_ZEROS: dict[tuple[bool, ...], str] = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}


def encoding_of(head: bytes, asked: str | None) -> str:
    """Return the encoding of a file that begins with `head`; `asked` is what the caller says it is.

    Raises `SourceError`, with advice, for an encoding that does not exist, or that the file's first bytes contradict.
    """
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if asked is None:
        return marked or _ZEROS.get(tuple(not byte for byte in head[:4]), "utf-8")
    try:
        "".encode(asked)
        name = codecs.lookup(asked).name
    except (LookupError, ValueError):
        raise SourceError("there is no such encoding. Some that there are: utf-8, gbk, gb18030, cp1252.") from None
    if marked is None:
        return name
    family = marked.removesuffix("-sig")
    if not name.startswith(family):
        raise SourceError(f"the file begins with the mark of {family.upper()}. Leave the encoding out.")
    return marked


def undecodable_line(content: bytes, encoding: str) -> int:
    """Return the line (from 1) of the first bytes that are not of this encoding."""
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        # The error has the bytes, and names the encoding, without the mark that the file may begin with.
        before = error.object[: error.start].decode(error.encoding, "replace")
        return 1 + len(re.findall("\r\n|\r|\n", before))
    return 1
