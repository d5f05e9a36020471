"""Write JSON for the package's own files: journals, saved plans and the notes beside locks."""

from __future__ import annotations

import json
from typing import Any

import orjson

from itnio_async.text import readable


def own_json(value: Any, *, sort_keys: bool = False) -> bytes:
    """Return a value as JSON in one line, whatever is in it; what JSON cannot say is its `repr`.

    Half characters, which no file can hold, become question marks.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort_keys else None, default=repr)
    except TypeError:
        # Half characters, and numbers over 64 bits: the standard library takes both, and ten times as long.
        text = json.dumps(value, ensure_ascii=False, sort_keys=sort_keys, separators=(",", ":"), default=repr)
        return readable(text).encode()
