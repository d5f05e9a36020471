"""Read files with secrets: the API key and secret, and one secret alone, such as a password or a one-time code."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from attrs import field, frozen

from itnio_async.cli.exits import CommandError
from itnio_async.cli.output import say, visible
from itnio_async.text import counted

# No secret is longer; an endless device must not fill the memory.
_MOST_BYTES = 65_536
_FORM = (
    "the API key in the first line and the secret in the second; or lines ITNIO_API_KEY=... and ITNIO_API_SECRET=..."
)
_SETTING = re.compile(r"(?:export\s++)?(ITNIO_API_KEY|ITNIO_API_SECRET|ITNIO_BASE_URL)\s*+=\s*+(.*+)")


@frozen
class SecretFile:
    """The contents of a file for `--secret-file`; `base_url` is None if it names no address."""

    api_key: str
    api_secret: str = field(repr=False)
    base_url: str | None = None


def read_secret_file(path: Path) -> SecretFile:
    """Return the key and secret in a file, in one of two forms.

    Either two lines, the key and the secret; or lines `ITNIO_API_KEY=...` and `ITNIO_API_SECRET=...`, perhaps with
    `export` or quotes, and perhaps `ITNIO_BASE_URL=...`. In the second form all other lines are ignored.
    """
    lines = [text for raw in _read(path).split("\n") if (text := raw.strip()) and not text.startswith("#")]
    settings = {found[1]: _unquoted(found[2]) for text in lines if (found := _SETTING.fullmatch(text))}
    if not settings:
        if len(lines) != 2:
            raise CommandError(f"{path} has {counted(len(lines), 'line')} instead of 2.", f"write {_FORM}.")
        return SecretFile(*lines)
    missing = [name for name in ("ITNIO_API_KEY", "ITNIO_API_SECRET") if not settings.get(name)]
    if missing:
        raise CommandError(f"{path} does not set {' and '.join(missing)}.", f"write {_FORM}.")
    return SecretFile(settings["ITNIO_API_KEY"], settings["ITNIO_API_SECRET"], settings.get("ITNIO_BASE_URL") or None)


def read_password_file(path: Path, what: str) -> str:
    """Return the secret in a file, which is its only line; `what` it is, stands in the errors."""
    form = f"the {what} into its only line"
    text = _read(path, form).removesuffix("\n").removesuffix("\r")
    if not text or "\n" in text:
        raise CommandError(f"{path} is empty or has several lines.", f"write {form}.")
    return text


def _read(path: Path, form: str = _FORM) -> str:
    try:
        with path.open("rb") as file:
            _warn_if_open_to_others(path, os.fstat(file.fileno()))
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise CommandError(
            f"{path} cannot be read: {error.strerror}.", "give a file that you, and only you, can read."
        ) from error
    if len(content) > _MOST_BYTES:
        raise CommandError(f"{path} has more than {_MOST_BYTES} bytes, too many for a secret.", "give another file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not UTF-8 text.", f"write {form}.") from error


def _warn_if_open_to_others(path: Path, status: os.stat_result) -> None:
    # A pipe, as in `--secret-file <(pass show itnio)`, is always private.
    if os.name == "posix" and stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        say(f"Warning: {visible(path)} can be read by other users (mode {mode:o}). Run: chmod 600 {visible(path)}")


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value
