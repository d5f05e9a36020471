"""Files that are uploaded as base64 text in JSON: what is checked of them, and where they are kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from itnio_async.sandbox.database import Database
from itnio_async.sandbox.fields import Field, Fields
from itnio_async.sandbox.rules import is_text

TABLES = """
CREATE TABLE upload (
    path TEXT PRIMARY KEY,
    file_name TEXT NOT NULL,
    content BLOB NOT NULL,
    create_time TEXT NOT NULL
);
"""
UPLOAD: Fields = {
    "fileName": Field(is_text, required=True, least=5, most=32),
    "file": Field(is_text, required=True),
}


@frozen
class StoredFile:
    """A file that was uploaded: the path that the upload answered, the name it was given, and what it holds."""

    path: str
    file_name: str
    content: bytes = field(repr=False)
    create_time: str


class Uploads:
    """The stored files of all families."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, path: str, file_name: str, content: bytes, moment: str) -> str:
        """Store a file under a path made of `path` and its content's hash, another each time; return that path."""
        count = self.database.value("SELECT count(*) FROM upload")
        name = hashlib.sha256(b"%d" % count + content).hexdigest()[:32]
        ending = file_name.rpartition(".")[2]
        stored = f"{path}{name}.{ending}"
        row = {"path": stored, "file_name": file_name, "content": content, "create_time": moment}
        self.database.insert("upload", row)
        return stored

    def file(self, path: str) -> StoredFile | None:
        """Return the file of that path, or None."""
        rows = self.database.rows("SELECT * FROM upload WHERE path = ?", (path,))
        return StoredFile(**rows[0]) if rows else None

    def files(self) -> list[StoredFile]:
        """Return all files, the oldest first."""
        return [StoredFile(**row) for row in self.database.rows("SELECT * FROM upload ORDER BY rowid")]


def content_of(body: Mapping[str, Any]) -> bytes | None:
    """Return what an upload holds; None if it is not base64."""
    try:
        return base64.b64decode(body["file"], validate=True)
    except (binascii.Error, ValueError):
        return None


def has_ending(body: Mapping[str, Any], *endings: str) -> bool:
    """Tell whether the file's name ends in one of these."""
    name: str = body["fileName"]
    return name.lower().endswith(endings)
