"""Which account and which file a job is for, as its own files may say it, and the fingerprints they keep of secrets."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from itnio_async.bulk.files.own_json import own_json
from itnio_async.bulk.trunks.columns import SECRET_FIELDS
from itnio_async.bulk.trunks.rows import TrunkChange
from itnio_async.bulk.trunks.settings import to_data
from itnio_async.client import AsyncClient
from itnio_async.credentials import resolve
from itnio_async.redaction import mask

_PURPOSE = b"itnio-async: fingerprints in plans, 1"


@frozen
class Identity:
    """An account at a host. `api_key` is masked, and `account` a digest of it, which tells two keys apart.

    Fingerprints are keyed with a key that is made of the API secret: with that, the account can be read anyway, and
    nobody else can try out passwords on a file that has one.
    """

    host: str
    api_key: str
    account: str
    _key: bytes = field(repr=False)

    def fingerprint(self, value: str) -> str:
        """Return what tells whether a secret is still the same, and nothing else about it."""
        return hmac.new(self._key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    @property
    def key_check(self) -> str:
        """What tells whether two fingerprints were made with the same key."""
        return self.fingerprint("")

    def fingerprint_of(self, values: Mapping[str, Any]) -> str | None:
        """Return the fingerprint of the secrets among the values of a row, or None where there is none."""
        names = sorted(SECRET_FIELDS & values.keys())
        if not names:
            return None
        return self.fingerprint(own_json([[name, values[name]] for name in names]).decode())

    @property
    def mark(self) -> str:
        """What a file says of the account that it was exported from."""
        return f"{self.host}/{self.account[:12]}"

    def __str__(self) -> str:
        return f"{self.api_key} at {self.host}"


async def identity_of(client: AsyncClient) -> Identity:
    """Return the identity of the account that a client calls; raises what its credentials raise."""
    credentials = await resolve(client.credentials)
    return Identity(
        host=client.base_url.netloc.decode("ascii"),
        api_key=mask(credentials.api_key),
        account=hashlib.sha256(credentials.api_key.encode()).hexdigest(),
        key=hmac.new(credentials.api_secret.encode(), _PURPOSE, hashlib.sha256).digest(),
    )


def digest_of(rows: Iterable[TrunkChange]) -> str:
    """Return what tells whether a file still has the same rows: places, trunks and values, but not the secrets.

    A corrected password does not make another file; nor could one be tried out on the digest.
    """
    digest = hashlib.sha256()
    for row in rows:
        data = [row.place.line, row.key_id, row.name, to_data(row.values), sorted(SECRET_FIELDS & row.values.keys())]
        digest.update(own_json(data, sort_keys=True) + b"\n")
    return digest.hexdigest()
