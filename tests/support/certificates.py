"""A private authority, the certificates that it issues, and TLS settings on either side."""

from __future__ import annotations

import functools
import ssl
from datetime import datetime
from pathlib import Path
from typing import Any

import trustme
from attrs import frozen

from support.programs import until


@functools.cache
def authority() -> trustme.CA:
    return trustme.CA()


@frozen
class CertificateFiles:
    """A certificate with its chain, and its key, as programs want them."""

    certificate: Path
    key: Path


def issued(
    *names: str, not_before: datetime | None = None, not_after: datetime | None = None, by: trustme.CA | None = None
) -> trustme.LeafCert:
    """A certificate of the private authority (or of another) for these names, or for this machine."""
    return (by or authority()).issue_cert(
        *(names or ("127.0.0.1", "localhost")), not_before=not_before, not_after=not_after
    )


def write_certificate(certificate: trustme.LeafCert, folder: Path) -> CertificateFiles:
    files = CertificateFiles(folder / "certificate.pem", folder / "key.pem")
    for number, part in enumerate(certificate.cert_chain_pems):
        part.write_to_path(str(files.certificate), append=number > 0)
    certificate.private_key_pem.write_to_path(str(files.key))
    return files


def server_tls(certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
    """A server's settings, with a certificate for this machine unless another is given."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    (certificate or issued()).configure_cert(context)
    return context


def client_tls() -> ssl.SSLContext:
    """A client's settings that trust the private authority, and nobody else."""
    context = ssl.create_default_context(cafile=None, capath=None, cadata=authority().cert_pem.bytes().decode())
    assert len(context.get_ca_certs()) == 1
    return context


async def handshakes_ended(server: Any) -> None:
    """Wait until a raw server has noticed that its connections are over, also those that never got to its handler.

    Until Python 3.12, a server's `wait_closed` does not wait for them, and asyncio warns of what outlives its loop.
    """
    await until(lambda: getattr(server._server, "_active_count", 0) == 0)
