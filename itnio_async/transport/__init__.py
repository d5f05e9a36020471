"""The layers between a call and the socket."""

from itnio_async.transport.pooled import PooledTransport
from itnio_async.transport.signing import SigningTransport

__all__ = ["PooledTransport", "SigningTransport"]
