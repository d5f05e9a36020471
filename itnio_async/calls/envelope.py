"""The envelope around every answer: which key tells success, and what the answer says.

Source: the vendor's pages document `status` as a String and show it as `"0"` and as `0`.
"""

from __future__ import annotations

from typing import Any

import orjson
from attrs import define

from itnio_async.codec import Mismatch, read_int
from itnio_async.codes import SUCCESS
from itnio_async.endpoint import EnvelopeForm


class NotAnEnvelope(Exception):
    """An answer that is not the API's; the message says in what way, and `raw` is its decoded JSON if it is any."""

    def __init__(self, message: str, raw: Any = None) -> None:
        super().__init__(message)
        self.raw = raw


# Not frozen, nor is what else one call makes for itself: that would cost it another microsecond each.
@define(eq=False)
class Envelope:
    """An answer of the API: its code, its text, its data and the whole."""

    status: int
    reason: str
    data: Any
    raw: Any


def read_envelope(content: bytes, form: EnvelopeForm) -> Envelope:
    """Return what the bytes of an answer say; raises `NotAnEnvelope`."""
    raw, broken = _load(content)
    if broken:
        raise NotAnEnvelope(broken if content.strip() else "the answer is empty")
    if type(raw) is not dict:
        raise NotAnEnvelope("the answer is JSON, but not an object", raw)
    for key in form.code_keys:
        if raw.get(key) is not None:  # the pages disagree on its name, and an answer may have both
            break
    else:
        key = next(filter(raw.__contains__, form.code_keys), "")
    if not key:
        raise NotAnEnvelope(f"the answer has no {' and no '.join(f'`{key}`' for key in form.code_keys)}", raw)
    try:
        code = raw[key]
        status = SUCCESS if code == "0" else read_int(code)
    except Mismatch as mismatch:
        raise NotAnEnvelope(f"`{key}`: {mismatch}", raw) from None
    text: Any = ""
    for name in form.text_keys:
        if (found := raw.get(name)) is not None:
            text = found
            break
    data = raw.get("data") if form is not EnvelopeForm.BESIDE else _beside(raw)
    return Envelope(status, text if isinstance(text, str) else _as_text(text), data, raw)


def _beside(raw: dict[str, Any]) -> dict[str, Any] | None:
    """Return what stands beside code and text."""
    own = {*EnvelopeForm.BESIDE.code_keys, *EnvelopeForm.BESIDE.text_keys}
    return {name: value for name, value in raw.items() if name not in own} or None


def _load(content: bytes) -> tuple[Any, str]:
    # What is wrong is returned and not raised here: orjson's error holds the whole document, secrets included, and
    # would come along as the context of ours. Tools such as tblib pickle that too.
    try:
        return orjson.loads(content), ""
    except orjson.JSONDecodeError as error:
        return None, f"the answer is no JSON (at character {error.pos})"


def _as_text(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return ""  # orjson reads deeper nesting than it writes, and the code must not be lost for that
