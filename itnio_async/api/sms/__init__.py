"""Text messages: the types, the endpoints and the service of `client.sms`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.sms.service import *
    from itnio_async.api.sms.types import *
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__)
