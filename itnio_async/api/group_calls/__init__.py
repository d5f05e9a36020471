"""Group calls: the types, the endpoints and the service of `client.group_calls`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.enumerations import SsmlGender as SsmlGender, YesNo as YesNo
    from itnio_async.api.group_calls.contents import *
    from itnio_async.api.group_calls.redials import *
    from itnio_async.api.group_calls.service import *
    from itnio_async.api.group_calls.types import *
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__, "contents", "redials")
