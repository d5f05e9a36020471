"""Blanking secrets out of text that goes into errors: the vendor's words may repeat what was sent."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import orjson

BLANK = "***"
_SECRET_NAME = re.compile(r"pass|pwd|secret|token", re.IGNORECASE)


def blank_out(text: str, secrets: Iterable[str]) -> str:
    """Return the text with each secret replaced, in whatever form JSON, HTML or a URL writes it."""
    forms = {form for secret in secrets if secret for form in _forms(secret)}
    if not forms:
        return text
    # The longest first, so that a secret that begins with another one goes as a whole.
    pattern = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.sub(pattern, BLANK, text, flags=re.IGNORECASE)


def excerpt(text: str, secrets: Iterable[str], length: int) -> str:
    """Return at most `length` characters of the beginning of the text, without the secrets."""
    secrets = tuple(secrets)
    longest = max((len(form) for secret in secrets for form in _forms(secret)), default=0)
    window = text[: length + longest]
    blanked = blank_out(window, secrets)
    if len(text) > len(window) and longest:
        # A secret that the window's end cuts in two is not recognised: leave out as much as that may be.
        blanked = blanked[:-longest]
    return blanked if len(blanked) <= length else blanked[:length]


def secrets_in(content: bytes) -> tuple[str, ...]:
    """Return the values of a JSON request whose names say that they are secrets."""
    if not content:
        return ()
    return tuple(_secret_values(orjson.loads(content)))


def mask(key: str) -> str:
    """Return the API key as it may be shown: enough to tell two keys apart."""
    return f"{key[:3]}{BLANK}"


def _forms(secret: str) -> set[str]:
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        quote(secret, safe="", errors="replace"),
    }


def _secret_values(value: Any) -> Iterable[str]:
    if isinstance(value, list):
        for item in value:
            yield from _secret_values(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if _SECRET_NAME.search(name) and isinstance(item, str | int | float):
                yield str(item)
            else:
                yield from _secret_values(item)
