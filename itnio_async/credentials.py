"""The key and secret of an account, and where they come from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, TypeAlias

from attrs import field, frozen

from itnio_async.errors import ConfigurationError
from itnio_async.redaction import BLANK, mask


def _mistake(name: str, value: Any) -> str:
    """Return what keeps a key or secret from being sent, or nothing."""
    if not isinstance(value, str):
        return f"{name} must be a string, not a {type(value).__name__}."
    if not value:
        return f"{name} is empty. Give the one from the vendor's console."
    # A header takes neither line breaks nor what is not ASCII, and spaces at an end are a copied mistake.
    if not value.isascii() or not value.isprintable() or value != value.strip():
        return f"{name} has a line break, a space at its end or a character that is not printable ASCII. Copy it again."
    return ""


@frozen
class Credentials:
    """An API key and its secret; neither is shown whole."""

    api_key: str = field(repr=mask)
    api_secret: str = field(repr=lambda _: BLANK)

    def __init__(self, api_key: str, api_secret: str) -> None:
        # Asked and not raised there, and all forgotten: a report of the error shows the variables of each frame.
        mistake = _mistake("api_key", api_key) or _mistake("api_secret", api_secret)
        if mistake:
            del self, api_key, api_secret
            raise ConfigurationError(mistake)
        self.__attrs_init__(api_key, api_secret)  # type: ignore[attr-defined]


CredentialSource: TypeAlias = Credentials | Callable[[], Credentials | Awaitable[Credentials]]


async def resolve(source: CredentialSource) -> Credentials:
    """Return the credentials for one attempt.

    What a callable raises passes unchanged; anything else than `Credentials` from it is a `ConfigurationError`.
    """
    given: Any = source() if callable(source) else source
    if isawaitable(given):
        given = await given
    if not isinstance(given, Credentials):
        kind = type(given).__name__
        del given  # a report of the error would show it
        raise ConfigurationError(f"credentials gave a {kind}. Give Credentials(api_key, api_secret).")
    return given
