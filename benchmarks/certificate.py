"""A certificate of a private authority for this machine, made for one run: the same for all peers and servers."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple


class Certificate(NamedTuple):
    """The files of a server's chain with its key, and of the authority that a client must trust."""

    chain: str
    authority: str


def make(folder: Path) -> Certificate | None:
    """Return a new certificate for 127.0.0.1 in that folder, or None where trustme is not installed."""
    if find_spec("trustme") is None:
        return None
    import trustme

    authority = trustme.CA()
    found = Certificate(str(folder / "server.pem"), str(folder / "authority.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(found.chain)
    authority.cert_pem.write_to_path(found.authority)
    return found
