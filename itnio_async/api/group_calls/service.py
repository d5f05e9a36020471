"""`client.group_calls`: the endpoints as values, and a method for each."""

from __future__ import annotations

from collections.abc import Iterable
from types import NoneType
from typing import Any, TypeVar, Unpack

from attrs import evolve

from itnio_async.api.base import Service
from itnio_async.api.group_calls.checks import check_redial, check_resend, check_send, check_update
from itnio_async.api.group_calls.codes import GROUP_CALLS, SEND_CODES
from itnio_async.api.group_calls.contents import GroupCallSource
from itnio_async.api.group_calls.redials import (
    Redial,
    RedialCancel,
    RedialCancelType,
    RedialDetail,
    RedialFilter,
    RedialKey,
    RedialQuery,
    RedialUpdate,
)
from itnio_async.api.group_calls.types import (
    GroupCall,
    GroupCallAgentSend,
    GroupCallAiResend,
    GroupCallAiSend,
    GroupCallAiUpdate,
    GroupCallCancel,
    GroupCallDetail,
    GroupCallFilter,
    GroupCallKey,
    GroupCallQuery,
    GroupCallResend,
    GroupCallSend,
    GroupCallSettings,
    GroupCallStatus,
    GroupCallTaskType,
    GroupCallUpdate,
)
from itnio_async.api.shapes import given
from itnio_async.endpoint import CallOptions, Endpoint, EnvelopeForm
from itnio_async.errors import InvalidRequestError
from itnio_async.listing import Listing
from itnio_async.uploads import FileSource, as_base64, name_of
from itnio_async.values import UNSET, Page, is_missing

_Settings = TypeVar("_Settings", bound=GroupCallSettings)

# Repeated, it calls up to 200,000 people a second time: only the unique name of the task stands in its way.
SEND = Endpoint[GroupCallSend, Any](
    "POST",
    "/voice/group/call/send",
    GroupCallSend,
    Any,
    idempotent=False,
    family=SEND_CODES,
    envelope=EnvelopeForm.CODE,
    check=check_send,
)
# Likewise.
SEND_AGENT = Endpoint[GroupCallAgentSend, Any](
    "POST",
    "/voice/group/call/send/agent",
    GroupCallAgentSend,
    Any,
    idempotent=False,
    family=SEND_CODES,
    envelope=EnvelopeForm.CODE,
)
# Likewise.
SEND_AI = Endpoint[GroupCallAiSend, Any](
    "POST",
    "/voice/group/call/send/ai",
    GroupCallAiSend,
    Any,
    idempotent=False,
    family=SEND_CODES,
    envelope=EnvelopeForm.CODE,
)
LIST = Endpoint(
    "POST",
    "/voice/group/call/query",
    GroupCallQuery,
    Page[GroupCall],
    idempotent=True,
    family=GROUP_CALLS,
    envelope=EnvelopeForm.CODE,
)
GET = Endpoint(
    "GET",
    "/voice/group/call/detail/{id}",
    GroupCallKey,
    GroupCallDetail,
    idempotent=True,
    family=GROUP_CALLS,
    envelope=EnvelopeForm.CODE,
)
# Repeated with a file, it stores the file once more, and the task stays the same.
UPDATE = Endpoint[GroupCallUpdate, Any](
    "POST",
    "/voice/group/call/update",
    GroupCallUpdate,
    Any,
    idempotent=True,
    family=GROUP_CALLS,
    envelope=EnvelopeForm.CODE,
    check=check_update,
)
UPDATE_AI = Endpoint(
    "POST",
    "/voice/group/call/update/ai",
    GroupCallAiUpdate,
    NoneType,
    idempotent=True,
    family=GROUP_CALLS,
    envelope=EnvelopeForm.CODE,
)
# Repeated, it calls these people once more: only the unique name of the new task stands in its way.
RESEND = Endpoint[GroupCallResend, Any](
    "POST",
    "/voice/group/call/resend",
    GroupCallResend,
    Any,
    idempotent=False,
    family=SEND_CODES,
    envelope=EnvelopeForm.CODE,
    check=check_resend,
)
# Likewise.
RESEND_AI = Endpoint[GroupCallAiResend, "int | None"](
    "POST",
    "/voice/group/call/resend/ai",
    GroupCallAiResend,
    int,
    idempotent=False,
    family=SEND_CODES,
    envelope=EnvelopeForm.CODE,
)
# Whether all of the tasks or none is cancelled, the page does not say: a refusal may come after a part of them, and a
# repeat may be refused (-54) for those that are cancelled while others still call.
CANCEL = Endpoint(
    "POST",
    "/voice/group/call/cancel",
    GroupCallCancel,
    NoneType,
    idempotent=True,
    family=GROUP_CALLS,
    envelope=EnvelopeForm.CODE,
    in_parts=True,
)
LIST_REDIALS = Endpoint(
    "POST",
    "/voice/recallFlow/queryPage",
    RedialQuery,
    Page[Redial],
    idempotent=True,
    family=GROUP_CALLS,
    envelope=EnvelopeForm.CODE,
)
GET_REDIAL = Endpoint(
    "POST",
    "/voice/recallFlow/queryDetail",
    RedialKey,
    RedialDetail,
    idempotent=True,
    family=GROUP_CALLS,
    envelope=EnvelopeForm.CODE,
)
# Likewise, of its steps.
UPDATE_REDIAL = Endpoint(
    "POST",
    "/voice/recallFlow/update",
    RedialUpdate,
    NoneType,
    idempotent=True,
    family=GROUP_CALLS,
    envelope=EnvelopeForm.CODE,
    check=check_redial,
)
# A repeat may be refused for what is no longer pending, which then means that it is cancelled; by which code, no page
# says.
CANCEL_REDIAL = Endpoint(
    "POST",
    "/voice/recallFlow/cancel",
    RedialCancel,
    NoneType,
    idempotent=True,
    family=GROUP_CALLS,
    envelope=EnvelopeForm.CODE,
)


class GroupCalls(Service):
    """The tasks that call up to 200,000 numbers, and their redials.

    Each method takes `CallOptions` for its calls alone, and raises as `client.call` does. A task that is sent twice
    calls everybody twice: after a lost answer, look for its name in the listing. What the answers to `send`, `update`
    and `resend` have, the vendor's pages do not show: it is returned as it came.
    """

    async def send(self, task: GroupCallSend, file: FileSource | None = None, **options: Unpack[CallOptions]) -> Any:
        """Send a task, which calls its numbers, and return what the answer has.

        `file` is what is played with `GroupCallSource.SENT_FILE`: a path, the content as bytes, or a file open for
        reading bytes; `upload_name` is the path's last part unless the task has it. Raises OSError too, for a file that
        cannot be read.
        """
        call = self._caller.call(SEND, await _with_file(task, file), **options)
        del task  # a report of an error shows the variables here, whatever was passed
        return (await call).data

    async def send_agent(self, task: GroupCallAgentSend, **options: Unpack[CallOptions]) -> Any:
        """Send a task that an AI agent runs, which calls its numbers, and return what the answer has.

        The page on it could not be read to its end: what else the task needs is given in `extra`.
        """
        call = self._caller.call(SEND_AGENT, task, **options)
        del task
        return (await call).data

    async def send_ai(self, task: GroupCallAiSend, **options: Unpack[CallOptions]) -> Any:
        """Send a task that an AI script speaks, which calls its numbers, and return what the answer has.

        The page on it could not be read to its end: what else the task needs is given in `extra`.
        """
        call = self._caller.call(SEND_AI, task, **options)
        del task
        return (await call).data

    def list(
        self,
        str_time: str,
        end_time: str,
        *,
        status_list: Iterable[GroupCallStatus | int] | None = None,
        idx_app_id: int | None = None,
        search_condition: str | None = None,
        task_type: GroupCallTaskType | int | None = None,
        current: int = 1,
        size: int = 100,
        **options: Unpack[CallOptions],
    ) -> Listing[GroupCall]:
        """List the tasks of a time: `await` it for page `current` (from 1), or `async for` over it for all from there.

        The times are texts such as `2024-01-01 00:00:00`, whose zone is not stated. `search_condition` is a part of a
        task's name, of its file's name or of its text.
        """
        filters = given(
            GroupCallFilter,
            str_time=str_time,
            end_time=end_time,
            status_list=status_list,
            idx_app_id=idx_app_id,
            search_condition=search_condition,
            task_type=task_type,
        )
        return self._listing(LIST, GroupCallQuery(current=current, size=size, params=filters), options)

    async def get(self, id: int, **options: Unpack[CallOptions]) -> GroupCallDetail:
        """Return a task with all that is told of it, by its id in the listing."""
        return (await self._caller.call(GET, GroupCallKey(id=id), **options)).data

    async def update(
        self, update: GroupCallUpdate, file: FileSource | None = None, **options: Unpack[CallOptions]
    ) -> Any:
        """Change a task, and return what the answer has. Takes and raises what `send` does for a file."""
        call = self._caller.call(UPDATE, await _with_file(update, file), **options)
        del update
        return (await call).data

    async def update_ai(self, update: GroupCallAiUpdate, **options: Unpack[CallOptions]) -> None:
        """Change a task that an AI script speaks."""
        call = self._caller.call(UPDATE_AI, update, **options)
        del update
        return (await call).data

    async def resend(
        self, task: GroupCallResend, file: FileSource | None = None, **options: Unpack[CallOptions]
    ) -> Any:
        """Call numbers of an earlier task again, by a new one, and return what the answer has.

        Takes and raises what `send` does for a file. As there, a lost answer does not tell whether the calls are under
        way.
        """
        call = self._caller.call(RESEND, await _with_file(task, file), **options)
        del task
        return (await call).data

    async def resend_ai(self, task: GroupCallAiResend, **options: Unpack[CallOptions]) -> int | None:
        """Call numbers of an earlier task again by an AI script, and return the new task's id."""
        call = self._caller.call(RESEND_AI, task, **options)
        del task
        return (await call).data

    async def cancel(self, task_id_list: Iterable[int], **options: Unpack[CallOptions]) -> None:
        """Cancel tasks, by their ids. Some may be cancelled all the same where the call fails.

        The page is about tasks that an AI agent runs; whether it takes others, it does not say.
        """
        await self._caller.call(CANCEL, given(GroupCallCancel, task_id_list=task_id_list), **options)

    def list_redials(
        self,
        str_time: str,
        end_time: str,
        *,
        task_name: str | None = None,
        current: int = 1,
        size: int = 100,
        **options: Unpack[CallOptions],
    ) -> Listing[Redial]:
        """List the redials of a time: `await` it for page `current`, or `async for` over it for all from there on.

        The times are as for `list`. `task_name` is a part of their task's name, or its id.
        """
        filters = given(RedialFilter, str_time=str_time, end_time=end_time, task_name=task_name)
        return self._listing(LIST_REDIALS, RedialQuery(current=current, size=size, params=filters), options)

    async def get_redial(self, key_id: int, **options: Unpack[CallOptions]) -> RedialDetail:
        """Return a redial with its steps."""
        return (await self._caller.call(GET_REDIAL, RedialKey(key_id=key_id), **options)).data

    async def update_redial(self, update: RedialUpdate, **options: Unpack[CallOptions]) -> None:
        """Change a redial that is still pending."""
        call = self._caller.call(UPDATE_REDIAL, update, **options)
        del update
        return (await call).data

    async def cancel_redial(self, type: RedialCancelType | int, id: int, **options: Unpack[CallOptions]) -> None:
        """Cancel a redial, all redials of a task, or the steps of a redial from one on, while they are pending.

        `type` says what the `id` is of.
        """
        return (await self._caller.call(CANCEL_REDIAL, RedialCancel(type=type, id=id), **options)).data


async def _with_file(request: _Settings, file: FileSource | None) -> _Settings:
    """Return a request with the content of the file that it plays, and a name for it."""
    # What is no such request is refused by the call, in the same words as without a file.
    if file is None or not isinstance(request, GroupCallSettings):
        return request
    if request.base_file is not UNSET:
        raise InvalidRequestError("the request says by itself what its base_file is. Give one.", field="file")
    if request.source != GroupCallSource.SENT_FILE:
        raise InvalidRequestError("a file is played by GroupCallSource.SENT_FILE alone.", field="source")
    name = name_of(file, None, field="upload_name") if is_missing(request.upload_name) else request.upload_name
    return evolve(request, upload_name=name, base_file=await as_base64(file))
