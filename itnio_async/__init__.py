"""The asyncio SDK for the ITNIO Tech cloud communications API: the public names, and nothing else."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from itnio_async._version import __version__
from itnio_async.api.base import response_of
from itnio_async.api.sip_trunks.types import (
    BoundGroup,
    GroupBinding,
    SipTrunk,
    SipTrunkAdd,
    SipTrunkUpdate,
    TrunkDirection,
)
from itnio_async.calls.details import CallDetails
from itnio_async.calls.shared import Stats
from itnio_async.client import AsyncClient
from itnio_async.config import RateLimit
from itnio_async.credentials import Credentials
from itnio_async.endpoint import CallOptions, Endpoint, Response
from itnio_async.errors import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    ConnectError,
    ConnectionLost,
    ConnectTimeout,
    DeadlineExceeded,
    GatewayBusyError,
    InvalidRequestError,
    IpNotAllowedError,
    ItnioError,
    NotFoundError,
    PoolTimeout,
    ProtocolError,
    ProxyError,
    QuotaError,
    ReadTimeout,
    RefusedError,
    ServerError,
    TimestampExpiredError,
    TransientError,
    TransportError,
    UnexpectedResponseError,
    ValidationError,
    WriteTimeout,
)
from itnio_async.listing import Listing
from itnio_async.retry import RetryBudget, RetryDetails, RetryPolicy
from itnio_async.runs.outcome import Failed, Outcome, Succeeded
from itnio_async.runs.run import BulkOptions, BulkRun
from itnio_async.transport import SigningTransport
from itnio_async.values import UNSET, Page

if TYPE_CHECKING:
    from itnio_async.api.paths import ENDPOINTS

__all__ = [
    "ENDPOINTS",
    "UNSET",
    "ApiError",
    "AsyncClient",
    "AuthenticationError",
    "BoundGroup",
    "BulkOptions",
    "BulkRun",
    "CallDetails",
    "CallOptions",
    "ConfigurationError",
    "ConflictError",
    "ConnectError",
    "ConnectTimeout",
    "ConnectionLost",
    "Credentials",
    "DeadlineExceeded",
    "Endpoint",
    "Failed",
    "GatewayBusyError",
    "GroupBinding",
    "InvalidRequestError",
    "IpNotAllowedError",
    "ItnioError",
    "Listing",
    "NotFoundError",
    "Outcome",
    "Page",
    "PoolTimeout",
    "ProtocolError",
    "ProxyError",
    "QuotaError",
    "RateLimit",
    "ReadTimeout",
    "RefusedError",
    "Response",
    "RetryBudget",
    "RetryDetails",
    "RetryPolicy",
    "ServerError",
    "SigningTransport",
    "SipTrunk",
    "SipTrunkAdd",
    "SipTrunkUpdate",
    "Stats",
    "Succeeded",
    "TimestampExpiredError",
    "TransientError",
    "TransportError",
    "TrunkDirection",
    "UnexpectedResponseError",
    "ValidationError",
    "WriteTimeout",
    "__version__",
    "response_of",
]

logging.getLogger("itnio_async").addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    if name == "ENDPOINTS":
        from itnio_async.api.paths import ENDPOINTS

        return ENDPOINTS
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
