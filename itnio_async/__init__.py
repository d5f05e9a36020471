"""The asyncio SDK for the ITNIO Tech cloud communications API: the public names, and nothing else.

The names load with their first use, so that a program loads only what it takes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from itnio_async._version import __version__ as __version__
from itnio_async.lazy_names import names_in

if TYPE_CHECKING:
    from itnio_async.api.base import response_of as response_of
    from itnio_async.api.paths import ENDPOINTS as ENDPOINTS
    from itnio_async.api.sip_trunks.types import (
        BoundGroup as BoundGroup,
        GroupBinding as GroupBinding,
        SipTrunk as SipTrunk,
        SipTrunkAdd as SipTrunkAdd,
        SipTrunkUpdate as SipTrunkUpdate,
        TrunkDirection as TrunkDirection,
    )
    from itnio_async.calls.details import CallDetails as CallDetails
    from itnio_async.calls.shared import Stats as Stats
    from itnio_async.client import AsyncClient as AsyncClient
    from itnio_async.config import RateLimit as RateLimit
    from itnio_async.credentials import Credentials as Credentials
    from itnio_async.endpoint import CallOptions as CallOptions, Endpoint as Endpoint, Response as Response
    from itnio_async.errors import (
        ApiError as ApiError,
        AuthenticationError as AuthenticationError,
        ConfigurationError as ConfigurationError,
        ConflictError as ConflictError,
        ConnectError as ConnectError,
        ConnectionLost as ConnectionLost,
        ConnectTimeout as ConnectTimeout,
        DeadlineExceeded as DeadlineExceeded,
        GatewayBusyError as GatewayBusyError,
        InvalidRequestError as InvalidRequestError,
        IpNotAllowedError as IpNotAllowedError,
        ItnioError as ItnioError,
        NotFoundError as NotFoundError,
        PoolTimeout as PoolTimeout,
        ProtocolError as ProtocolError,
        ProxyError as ProxyError,
        QuotaError as QuotaError,
        ReadTimeout as ReadTimeout,
        RefusedError as RefusedError,
        ServerError as ServerError,
        TimestampExpiredError as TimestampExpiredError,
        TransientError as TransientError,
        TransportError as TransportError,
        UnexpectedResponseError as UnexpectedResponseError,
        ValidationError as ValidationError,
        WriteTimeout as WriteTimeout,
    )
    from itnio_async.listing import Listing as Listing
    from itnio_async.retry import RetryBudget as RetryBudget, RetryDetails as RetryDetails, RetryPolicy as RetryPolicy
    from itnio_async.runs.outcome import Failed as Failed, Outcome as Outcome, Succeeded as Succeeded
    from itnio_async.runs.run import BulkOptions as BulkOptions, BulkRun as BulkRun
    from itnio_async.transport.signing import SigningTransport as SigningTransport
    from itnio_async.values import CLEAR as CLEAR, UNSET as UNSET, Page as Page

# For whom it is loaded, where each name stands; a type checker reads the imports above.
_NAMES = {
    "api.base": "response_of",
    "api.paths": "ENDPOINTS",
    "api.sip_trunks.types": "BoundGroup GroupBinding SipTrunk SipTrunkAdd SipTrunkUpdate TrunkDirection",
    "calls.details": "CallDetails",
    "calls.shared": "Stats",
    "client": "AsyncClient",
    "config": "RateLimit",
    "credentials": "Credentials",
    "endpoint": "CallOptions Endpoint Response",
    "errors": "ApiError AuthenticationError ConfigurationError ConflictError ConnectError ConnectionLost "
    "ConnectTimeout DeadlineExceeded GatewayBusyError InvalidRequestError IpNotAllowedError "
    "ItnioError NotFoundError PoolTimeout ProtocolError ProxyError QuotaError ReadTimeout "
    "RefusedError ServerError TimestampExpiredError TransientError TransportError "
    "UnexpectedResponseError ValidationError WriteTimeout",
    "listing": "Listing",
    "retry": "RetryBudget RetryDetails RetryPolicy",
    "runs.outcome": "Failed Outcome Succeeded",
    "runs.run": "BulkOptions BulkRun",
    "transport.signing": "SigningTransport",
    "values": "CLEAR UNSET Page",
}

__all__, _get, _ = names_in(__name__, _NAMES)
__all__ += ["__version__"]

if not TYPE_CHECKING:  # which would take any name for one of these
    __getattr__, __dir__ = _get, lambda: sorted(__all__)

logging.getLogger("itnio_async").addHandler(logging.NullHandler())
