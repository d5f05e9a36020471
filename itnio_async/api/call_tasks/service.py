"""`client.call_tasks`: the endpoints as values, and a method for each."""

from __future__ import annotations

from collections.abc import Iterable
from types import NoneType
from typing import Unpack

from itnio_async.api.base import Service
from itnio_async.api.call_tasks.checks import check_settings
from itnio_async.api.call_tasks.codes import CALL_TASKS
from itnio_async.api.call_tasks.types import (
    CalleeFile,
    CalleeFileUpload,
    CallTask,
    CallTaskCancel,
    CallTaskFilter,
    CallTaskNumber,
    CallTaskNumberFilter,
    CallTaskNumberQuery,
    CallTaskNumberStatus,
    CallTaskQuery,
    CallTaskResend,
    CallTaskStatus,
    CallTaskSubmit,
    CallTaskType,
    CallTaskUpdate,
)
from itnio_async.api.enumerations import YesNo
from itnio_async.api.shapes import given
from itnio_async.endpoint import CallOptions, Endpoint
from itnio_async.listing import Listing
from itnio_async.uploads import FileSource, as_base64, name_of
from itnio_async.values import Page

# Repeated, it stores the file a second time. Nobody is called by it.
UPLOAD = Endpoint("POST", "/v3/cc/preview/upload", CalleeFileUpload, CalleeFile, idempotent=False, family=CALL_TASKS)
# Repeated, it calls all these people a second time, and nothing stands in its way.
SUBMIT = Endpoint[CallTaskSubmit, "int | None"](
    "POST", "/v3/cc/preview/submitTask", CallTaskSubmit, int, idempotent=False, family=CALL_TASKS, check=check_settings
)
# Likewise.
RESEND = Endpoint[CallTaskResend, "int | None"](
    "POST", "/v3/cc/preview/resendTask", CallTaskResend, int, idempotent=False, family=CALL_TASKS, check=check_settings
)
LIST = Endpoint("POST", "/v3/cc/preview/query", CallTaskQuery, Page[CallTask], idempotent=True, family=CALL_TASKS)
LIST_NUMBERS = Endpoint(
    "POST",
    "/v3/cc/preview/queryTaskDetail",
    CallTaskNumberQuery,
    Page[CallTaskNumber],
    idempotent=True,
    family=CALL_TASKS,
)
# A repeat may be refused for the task's state, which then means that it is cancelled; by which code, no page says.
CANCEL = Endpoint(
    "POST", "/v3/cc/preview/agent/cancelTask", CallTaskCancel, NoneType, idempotent=True, family=CALL_TASKS
)
UPDATE = Endpoint("POST", "/v3/cc/preview/agent/editTask", CallTaskUpdate, NoneType, idempotent=True, family=CALL_TASKS)


class CallTasks(Service):
    """The tasks that call lists of numbers.

    Each method takes `CallOptions` for its calls alone, and raises as `client.call` does.
    """

    async def upload(
        self, file: FileSource, file_name: str | None = None, **options: Unpack[CallOptions]
    ) -> CalleeFile:
        """Store a spreadsheet of at most 100,000 numbers, and return where it is, for `submit`.

        `file` is a path, the content as bytes, or a file open for reading bytes; `file_name` (5 to 32 characters) is
        the path's last part unless given. Raises OSError too, for a file that cannot be read.
        """
        upload = CalleeFileUpload(file_name=name_of(file, file_name), file=await as_base64(file))
        return (await self._caller.call(UPLOAD, upload, **options)).data

    async def submit(self, task: CallTaskSubmit, **options: Unpack[CallOptions]) -> int | None:
        """Create a task, which calls the numbers of its spreadsheet, and return its id where the answer has it.

        After a lost answer the calls may be under way: list the tasks before you submit it again, since that would call
        everybody a second time. A failure of the vendor's system is not repeated for the same reason.
        """
        call = self._caller.call(SUBMIT, task, **options)
        del task  # a report of an error shows the variables here, whatever was passed
        return (await call).data

    async def resend(self, task: CallTaskResend, **options: Unpack[CallOptions]) -> int | None:
        """Call numbers of an earlier task again, and return the new task's id where the answer has it.

        As for `submit`, a lost answer does not tell whether the calls are under way.
        """
        call = self._caller.call(RESEND, task, **options)
        del task
        return (await call).data

    def list(
        self,
        *,
        start_time: str | None = None,
        end_time: str | None = None,
        task_id: int | str | None = None,
        task_status: Iterable[CallTaskStatus | int] | None = None,
        task_type: CallTaskType | int | None = None,
        finish_flag: YesNo | None = None,
        voice_group_ids: Iterable[int] | None = None,
        current: int = 1,
        size: int = 100,
        **options: Unpack[CallOptions],
    ) -> Listing[CallTask]:
        """List tasks: `await` it for page `current` (from 1), or `async for` over it for all tasks from there on.

        `start_time` and `end_time` are days, as `2025-01-10`.
        """
        filters = given(
            CallTaskFilter,
            start_time=start_time,
            end_time=end_time,
            task_id=task_id,
            task_status=task_status,
            task_type=task_type,
            finish_flag=finish_flag,
            voice_group_ids=voice_group_ids,
        )
        return self._listing(LIST, CallTaskQuery(current=current, size=size, params=filters), options)

    def list_numbers(
        self,
        task_id: int,
        *,
        called: str | None = None,
        sip_group_id: int | None = None,
        seat_id: Iterable[int] | None = None,
        label_names: Iterable[str] | None = None,
        remark: str | None = None,
        status_list: Iterable[CallTaskNumberStatus | int] | None = None,
        current: int = 1,
        size: int = 100,
        **options: Unpack[CallOptions],
    ) -> Listing[CallTaskNumber]:
        """List a task's numbers, each with what became of it, as `list` does with tasks.

        `sip_group_id` is an agent group's `voice_group_id` under another name.
        """
        filters = given(
            CallTaskNumberFilter,
            task_id=task_id,
            called=called,
            sip_group_id=sip_group_id,
            seat_id=seat_id,
            label_names=label_names,
            remark=remark,
            status_list=status_list,
        )
        return self._listing(LIST_NUMBERS, CallTaskNumberQuery(current=current, size=size, params=filters), options)

    async def cancel(self, task_id: int | str, **options: Unpack[CallOptions]) -> None:
        """Cancel a task that hands calls to agents. How the others are cancelled, no page says."""
        return (await self._caller.call(CANCEL, CallTaskCancel(task_id=task_id), **options)).data

    async def update(self, update: CallTaskUpdate, **options: Unpack[CallOptions]) -> None:
        """Change remark and ratio of a task that hands calls to agents."""
        call = self._caller.call(UPDATE, update, **options)
        del update
        return (await call).data
