"""Call tasks: the types, the endpoints and the service of `client.call_tasks`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.call_center import YesNo as YesNo
    from itnio_async.api.call_tasks.service import (
        CALLS as CALLS,
        CANCEL as CANCEL,
        LIST as LIST,
        LIST_NUMBERS as LIST_NUMBERS,
        RESEND as RESEND,
        SUBMIT as SUBMIT,
        UPDATE as UPDATE,
        UPLOAD as UPLOAD,
        CallTasks as CallTasks,
    )
    from itnio_async.api.call_tasks.types import (
        CalleeFile as CalleeFile,
        CalleeFileUpload as CalleeFileUpload,
        CallTask as CallTask,
        CallTaskCancel as CallTaskCancel,
        CallTaskFilter as CallTaskFilter,
        CallTaskNumber as CallTaskNumber,
        CallTaskNumberFilter as CallTaskNumberFilter,
        CallTaskNumberQuery as CallTaskNumberQuery,
        CallTaskNumberStatus as CallTaskNumberStatus,
        CallTaskQuery as CallTaskQuery,
        CallTaskResend as CallTaskResend,
        CallTaskResendType as CallTaskResendType,
        CallTaskSettings as CallTaskSettings,
        CallTaskStatus as CallTaskStatus,
        CallTaskSubmit as CallTaskSubmit,
        CallTaskType as CallTaskType,
        CallTaskUpdate as CallTaskUpdate,
    )
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__)
