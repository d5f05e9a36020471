"""Blanking secrets out of text that goes into errors: the vendor's words may repeat what was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from html.entities import codepoint2name
from typing import Any

import httpx
import orjson

BLANK = "***"
# What one character may grow to, for instance `"` to three backslashes and itself, all of them as `&#x5c;`.
_LONGEST_FORM = 40
_PART = re.compile(r"\\+|.", re.DOTALL)
_BACKSLASH = r"(?:\\|%5c|&#0{0,4}92;|&#x0{0,4}5c;)"
_SECRET_NAME = re.compile(r"pass|pwd|secret|token", re.IGNORECASE)


def blank_out(text: str, secrets: Iterable[str]) -> str:
    """Return the text with each secret replaced, in whatever form JSON, HTML or a URL writes it."""
    pattern = _pattern(secrets)
    return text if pattern is None else pattern.sub(BLANK, text)


def excerpt(text: str, secrets: Iterable[str], length: int) -> str:
    """Return at most `length` characters of the beginning of the text, without the secrets."""
    secrets = tuple(secrets)
    pattern = _pattern(secrets)
    if pattern is None:
        return text[:length]
    # A secret that begins before the cut ends within the window, so that it is recognised whole.
    window = text[: length + _LONGEST_FORM * max(map(len, secrets))]
    kept: list[str] = []
    position = 0
    for found in pattern.finditer(window):
        if found.start() >= length:
            break
        kept += window[position : found.start()], BLANK
        position = found.end()
    return "".join([*kept, window[position:length]])[:length]


def secrets_in(content: bytes) -> tuple[str, ...]:
    """Return the values of a JSON request whose names say that they are secrets."""
    if not content:
        return ()
    return tuple(_secret_values(orjson.loads(content)))


def secrets_in_query(url: httpx.URL) -> tuple[str, ...]:
    """Return the values of a query whose names say that they are secrets."""
    return tuple(value for name, value in url.params.multi_items() if _SECRET_NAME.search(name))


def mask(key: str) -> str:
    """Return the API key as it may be shown: enough to tell two keys apart."""
    return f"{key[:3]}{BLANK}"


def _pattern(secrets: Iterable[str]) -> re.Pattern[str] | None:
    # The longest first, so that a secret that begins with another one goes as a whole.
    wanted = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
    if not wanted:
        return None
    return re.compile("|".join("".join(map(_written, _PART.findall(secret))) for secret in wanted), re.IGNORECASE)


@lru_cache(1000)
def _written(part: str) -> str:
    """Return the pattern of one character, or of a run of backslashes, as JSON (also within JSON), HTML, XML, a URL or
    a form may write it. ASCII letters and digits are the same everywhere, which keeps most patterns short.
    """
    if part.isascii() and part.isalnum():
        return part
    if part.startswith("\\"):
        return f"{_BACKSLASH}{{{len(part)},{4 * len(part)}}}"
    units = part.encode("utf-16-be", "surrogatepass")
    forms = [
        "".join(rf"\\{{1,4}}u{units[i : i + 2].hex()}" for i in range(0, len(units), 2)),
        "".join(f"%{byte:02x}" for byte in part.encode(errors="surrogatepass")),
        "".join(rf"\\{{1,4}}x{byte:02x}" for byte in part.encode(errors="surrogatepass")),  # Python's repr of bytes
        f"&#0{{0,4}}{ord(part)};",
        f"&#x0{{0,4}}{ord(part):x};",
        *(f"&{name};" for name in _entities(part)),
        *([rf"\\{{1,4}}{json.dumps(part)[2:-1]}"] if part < " " else []),
        *([r"\+"] if part == " " else []),
        re.escape(part),
    ]
    escaped = f"{_BACKSLASH}{{0,3}}" if part in "\"/'" else ""
    return f"{escaped}(?:{'|'.join(forms)})"


def _entities(character: str) -> list[str]:
    return ["apos"] if character == "'" else [name for name in [codepoint2name.get(ord(character))] if name]


def _secret_values(value: Any, *, is_secret: bool = False) -> Iterable[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _secret_values(item, is_secret=is_secret or _SECRET_NAME.search(name) is not None)
    elif isinstance(value, list):
        for item in value:
            yield from _secret_values(item, is_secret=is_secret)
    elif is_secret and isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)
