"""The account: its types, its endpoint and the service of `client.account`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.account.service import *
    from itnio_async.api.account.types import *
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__)
