"""Call tasks: the types, the endpoints and the service of `client.call_tasks`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.call_tasks.service import *
    from itnio_async.api.call_tasks.types import *
    from itnio_async.api.enumerations import YesNo as YesNo
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__)
