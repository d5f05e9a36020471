"""Files that are uploaded as base64 text in JSON: what is checked of them, and where they are kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
from functools import cached_property
from typing import Any, ClassVar

from itnio_async.sandbox.fields import Field, Fields
from itnio_async.sandbox.rules import A, Call, is_text

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


class UploadCall(Call[A]):
    """A call of a family that takes files: in the fields of `UPLOAD`, or by the paths under which they are stored.

    A family whose fields have other names says so.
    """

    file_field: ClassVar[str] = "file"
    name_field: ClassVar[str] = "fileName"

    @cached_property
    def content(self) -> Any:
        """What the file holds, as bytes; None if it is not base64."""
        try:
            return base64.b64decode(self.body[self.file_field], validate=True)
        except (binascii.Error, ValueError):
            return None

    def has_ending(self, *endings: str) -> bool:
        """Tell whether the file's name ends in one of these."""
        name: str = self.body[self.name_field]
        return name.lower().endswith(endings)

    def store(self, path: str) -> str:
        """Store the file under a path made of `path` and its content's hash, another each time; return that path."""
        count = self.database.count("upload")
        file_name: str = self.body[self.name_field]
        stored = f"{path}{hashlib.sha256(b'%d' % count + self.content).hexdigest()[:32]}.{file_name.rpartition('.')[2]}"
        row = {"path": stored, "file_name": file_name, "content": self.content, "create_time": self.moment}
        self.database.insert("upload", row)
        return stored
