"""Team leaders: the types, the endpoints and the service of `client.team_leaders`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.call_center import BatchAction as BatchAction, Enabled as Enabled, IdBatch as IdBatch
    from itnio_async.api.team_leaders.service import *
    from itnio_async.api.team_leaders.types import *
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__)
