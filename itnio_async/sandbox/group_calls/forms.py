"""The fields of the requests about group calls and redials, as their pages state them."""

from __future__ import annotations

import re

from itnio_async.sandbox.fields import (
    ID,
    ON_OFF,
    OPTIONAL_ID,
    REQUIRED_TEXT,
    TEXT,
    TEXTS,
    Field,
    Fields,
    filters,
    is_list,
    numbers,
)
from itnio_async.sandbox.rules import is_integer, is_map_of_texts, is_number, is_object, is_text
from itnio_async.sandbox.times import is_local_time

_ONE_OF_THREE = (1, 2, 3)
_TIME = Field(is_local_time)
_SHOWN = Field(is_text, most=20, form=re.compile("[0-9]*+"))
_NEW_NAME = Field(is_text, required=True, least=2, most=64)
_SHORT = Field(is_text, required=True, least=7, most=15, form=re.compile("[0-9]{7,15}+"))
_LONG = Field(is_text, required=True, least=6, most=18, form=re.compile("[0-9]{6,18}+"))
_TEXTS: Fields = {f"text{number}": TEXT for number in range(1, 11)}
_AGAIN = Field(is_integer, required=True, values=(0, 1))

# What is played, and the SMS after it.
_CONTENT: Fields = {
    "voiceFileId": TEXT,
    "uploadName": Field(is_text, least=5, most=32),
    "baseFile": TEXT,
    "text": Field(is_text, most=1000),
    "lan": TEXT,
    "hangUpSms": ON_OFF,
    "smsContent": Field(is_text, most=1000),
    "senderId": Field(is_text, most=32),
    "feedbackPush": ON_OFF,
    "feedbackValue": Field(is_text, most=1, form=re.compile("[0-9]?")),
    "successPush": ON_OFF,
    "successPushTime": Field(is_integer, least=0, most=9999),
}
_SETTINGS: Fields = {
    **_CONTENT,
    "taskName": REQUIRED_TEXT,
    "source": Field(is_integer, required=True, values=_ONE_OF_THREE),
    "displayNum": _SHOWN,
    "sendTime": _TIME,
    "loopCount": OPTIONAL_ID,
    "maxCalls": OPTIONAL_ID,
    "smsAppId": TEXT,
    "failedPush": ON_OFF,
    "ringPush": ON_OFF,
    "toSeat": ON_OFF,
    "sipGroupId": OPTIONAL_ID,
}
_RATIO: Fields = {
    "outboundControl": Field(is_integer, values=(1,)),
    "calloutRate": OPTIONAL_ID,
    "toSeatType": Field(is_integer, values=(1, 2)),
}
SEND: Fields = {
    **_SETTINGS,
    **_RATIO,
    "appId": REQUIRED_TEXT,
    "taskName": _NEW_NAME,
    "numberList": Field(is_list, most=200_000, members=_SHORT),
    "numberInfoList": Field(
        is_list,
        most=100_000,
        members=Field(is_object, required=True, fields={"calleeNumber": _SHORT, **_TEXTS}),
    ),
    "loopCount": Field(is_integer, required=True, most=9),
    "maxCalls": Field(is_integer, required=True, most=999),
}
UPDATE: Fields = {"keyId": ID, **_SETTINGS}
RESEND: Fields = {
    **UPDATE,
    **_RATIO,
    "appId": REQUIRED_TEXT,
    "resendType": _AGAIN,
    "displayNum": TEXT,
    "smsContent": TEXT,
    "senderId": TEXT,
}

# Where an AI speaks.
SEND_AGENT: Fields = {
    "appId": REQUIRED_TEXT,
    "taskName": _NEW_NAME,
    "numberInfoList": Field(
        is_list,
        required=True,
        least=1,
        most=200_000,
        members=Field(
            is_object,
            required=True,
            fields={"calleeNumber": _LONG, "callInformation": Field(is_map_of_texts), **_TEXTS},
        ),
    ),
    "displayNum": _SHOWN,
}
SEND_SCRIPT: Fields = {
    "appId": REQUIRED_TEXT,
    "taskName": _NEW_NAME,
    # A list of texts in the table, whose fields follow it.
    "numberList": Field(
        is_list,
        required=True,
        least=1,
        most=200_000,
        members=Field(
            (is_text, is_object),
            required=True,
            least=6,
            most=18,
            form=re.compile("[0-9]{6,18}+"),
            fields={"calleeNumber": _LONG, **_TEXTS},
        ),
    ),
    "displayNum": _SHOWN,
}
UPDATE_SCRIPT: Fields = {
    "keyId": ID,
    "displayNum": TEXT,
    "taskName": REQUIRED_TEXT,
    "sendTime": _TIME,
    "maxCalls": OPTIONAL_ID,
    "allowSendTime": Field(
        is_list, most=3, members=Field(is_object, required=True, fields={"strTime": TEXT, "endTime": TEXT})
    ),
    "maxRingingTime": Field(is_integer, least=20, most=120),
    "scriptId": ID,
    "enableRecording": ON_OFF,
    "calloutRate": OPTIONAL_ID,
}
RESEND_SCRIPT: Fields = {**UPDATE_SCRIPT, "displayNum": _SHOWN, "taskName": _NEW_NAME, "resendType": _AGAIN}

# Listings.
_WINDOW: Fields = {"strTime": Field(is_local_time, required=True), "endTime": Field(is_local_time, required=True)}
QUERY: Fields = filters(
    {
        **_WINDOW,
        "statusList": numbers(*range(7)),
        "idxAppId": OPTIONAL_ID,
        "searchCondition": TEXT,
        "taskType": Field(is_integer, values=(3,)),
    }
)
QUERY_REDIALS: Fields = filters({**_WINDOW, "taskName": TEXT})

# Redials.
_STEP: Fields = {
    **_CONTENT,
    "scriptId": OPTIONAL_ID,
    "source": Field(is_integer, values=_ONE_OF_THREE),
    "text": Field(is_text, most=2048),
    "speakingRate": Field(is_number, least=0.25, most=4),
    "ssmlGender": Field(is_integer, values=(1, 2)),
    "accent": OPTIONAL_ID,
    "successPushTime": Field(is_integer, least=1, most=9999),
}
UPDATE_REDIAL: Fields = {
    "keyId": ID,
    "recallInterval": Field(is_integer, required=True, least=1, most=1440),
    "recallNum": Field(is_integer, required=True, least=1, most=10),
    "recallType": _AGAIN,
    "recallIntent": TEXTS,
    "nodeList": Field(is_list, members=Field(is_object, required=True, fields=_STEP)),
}
CANCEL_REDIAL: Fields = {"type": Field(is_integer, required=True, values=_ONE_OF_THREE), "id": ID}
