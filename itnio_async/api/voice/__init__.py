"""Voice messages, phones and their calls: the types, the endpoints and the service of `client.voice`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.enumerations import SsmlGender as SsmlGender
    from itnio_async.api.voice.service import *
    from itnio_async.api.voice.types import *
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__)
