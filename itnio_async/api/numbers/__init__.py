"""Numbers: the types, the endpoints and the service of `client.numbers`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.enumerations import YesNo as YesNo
    from itnio_async.api.numbers.service import *
    from itnio_async.api.numbers.types import *
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__)
