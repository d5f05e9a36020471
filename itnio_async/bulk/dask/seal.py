"""Seals what passes between the processes of one job, so that whoever carries it can neither read nor change it.

The key is made of the API secret, which both ends have from their own environment. Whoever has that can read the
account's trunks, with their passwords, from the vendor anyway.
"""

from __future__ import annotations

import base64
import pickle
from typing import Any

from itnio_async.bulk.identity import Identity
from itnio_async.errors import ConfigurationError


class Seal:
    """Closes and opens the messages of one conversation, which `name` tells from all others.

    Raises `ConfigurationError` without the extra that has the cipher.
    """

    def __init__(self, identity: Identity, name: str) -> None:
        try:
            from cryptography.fernet import Fernet
        except ImportError as error:
            raise missing_extra(error) from error
        key = bytes.fromhex(identity.fingerprint(f"messages of {name}"))
        self._cipher = Fernet(base64.urlsafe_b64encode(key))

    def close(self, message: Any) -> bytes:
        """Return the message as bytes that say nothing."""
        return self._cipher.encrypt(pickle.dumps(message))

    def open(self, sealed: bytes) -> Any:
        """Return the message; raises the cipher's error for anything that the other end did not close."""
        # A pickle can do anything; this one was made by somebody who has the API secret.
        return pickle.loads(self._cipher.decrypt(sealed))  # noqa: S301


def missing_extra(error: ImportError) -> ConfigurationError:
    """Return the error for an installation that cannot work with a Dask cluster."""
    return ConfigurationError(
        f"this takes Dask, and {error.name or 'a part of it'} is not installed: pip install 'itnio-async[dask]'."
    )
