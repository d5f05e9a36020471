"""What the families of the call centre have in common: agent groups, being enabled, and what is done to a batch."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any, ClassVar, Unpack

from attrs import field, frozen

from itnio_async.api.base import Service
from itnio_async.api.open_types import OpenRequest
from itnio_async.api.shapes import given
from itnio_async.codec import Request
from itnio_async.endpoint import CallOptions, Endpoint
from itnio_async.limits import items
from itnio_async.values import KEY_ID


class Enabled(IntEnum):
    """Whether an agent or a team leader may work: 0 is yes here, where a trunk's `state` has 1 for it."""

    ENABLED = 0
    DISABLED = 1


class BatchAction(IntEnum):
    """What is done to all of a batch. The vendor's pages do not say what 1 is."""

    DELETE = 2
    DISABLE = 3
    ENABLE = 4


@frozen(kw_only=True, repr=False)
class IdBatch(OpenRequest):
    """What is done to several agents, or several team leaders, by their key ids."""

    type: BatchAction
    """What is done to all of them."""
    id_list: list[int] = field(metadata=items(1))
    """Their key ids."""


@frozen(kw_only=True, repr=False)
class AgentGroupKey(Request):
    """Which agent group is meant."""

    voice_group_id: int = field(metadata=KEY_ID)
    """The agent group's id."""


class BatchService(Service):
    """The calls of a family whose records are deleted, disabled and enabled by one endpoint.

    Some of a batch may be done all the same where the call fails: list the records to see.
    """

    _batch: ClassVar[Endpoint[IdBatch, None]]

    async def delete(self, id_list: Iterable[int], **options: Unpack[CallOptions]) -> None:
        """Delete these, by their key ids. Some may be deleted all the same where the call fails."""
        await self._act_on_all(BatchAction.DELETE, id_list, options)

    async def disable(self, id_list: Iterable[int], **options: Unpack[CallOptions]) -> None:
        """Keep these from working, by their key ids. Some may be disabled all the same where the call fails."""
        await self._act_on_all(BatchAction.DISABLE, id_list, options)

    async def enable(self, id_list: Iterable[int], **options: Unpack[CallOptions]) -> None:
        """Let these work again, by their key ids. Some may be enabled all the same where the call fails."""
        await self._act_on_all(BatchAction.ENABLE, id_list, options)

    async def _act_on_all(self, action: BatchAction, id_list: Any, options: CallOptions) -> None:
        batch = given(IdBatch, type=action, id_list=id_list)
        await self._caller.call(self._batch, batch, **options)
