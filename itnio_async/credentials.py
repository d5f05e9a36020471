"""The key and secret of an account, and where they come from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, TypeAlias

from attrs import Attribute, field, frozen

from itnio_async.errors import ConfigurationError
from itnio_async.redaction import BLANK, mask


def _sendable(instance: object, attribute: Attribute[str], value: Any) -> None:
    if not isinstance(value, str):
        raise ConfigurationError(f"{attribute.name} must be a string, not a {type(value).__name__}.")
    if not value:
        raise ConfigurationError(f"{attribute.name} is empty. Give the one from the vendor's console.")
    # A header takes neither line breaks nor what is not ASCII, and spaces at an end are a copied mistake.
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise ConfigurationError(
            f"{attribute.name} has a line break, a space at its end or a character that is not printable ASCII. "
            "Copy it anew."
        )


@frozen
class Credentials:
    """An API key and its secret; neither is shown whole."""

    api_key: str = field(validator=_sendable, repr=mask)
    api_secret: str = field(validator=_sendable, repr=lambda _: BLANK)


CredentialSource: TypeAlias = Credentials | Callable[[], Credentials | Awaitable[Credentials]]


async def resolve(source: CredentialSource) -> Credentials:
    """Return the credentials for one attempt.

    What a callable raises passes unchanged; anything else than `Credentials` from it is a `ConfigurationError`.
    """
    given: Any = source() if callable(source) else source
    if isawaitable(given):
        given = await given
    if not isinstance(given, Credentials):
        raise ConfigurationError(f"credentials gave a {type(given).__name__}. Give Credentials(api_key, api_secret).")
    return given
