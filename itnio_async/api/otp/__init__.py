"""One-time codes: the types, the endpoints and the service of `client.otp`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.otp.applications import *
    from itnio_async.api.otp.service import *
    from itnio_async.api.otp.types import *
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__, "applications")
