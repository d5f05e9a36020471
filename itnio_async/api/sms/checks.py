"""What the fields of a text message must be together, before anything is sent."""

from __future__ import annotations

from itnio_async.api.sms.types import SmsBatchSend, SmsSend, SmsText
from itnio_async.errors import InvalidRequestError
from itnio_async.values import is_missing


def check_text(text: SmsText) -> None:
    """Refuse another number of order ids than of numbers; raises `InvalidRequestError`."""
    _check(text, "order_id")


def check_texts(batch: SmsBatchSend) -> None:
    """Refuse a batch in which a text has another number of order ids than of numbers, or an application of its own.

    Raises likewise.
    """
    # What is no list, or no text in it, is refused by the codec, with a better text.
    texts: object = batch.array
    for index, text in enumerate(texts if isinstance(texts, list | tuple) else ()):
        # Its application would be left out in silence, and the text would go out in the name of the batch's.
        if isinstance(text, SmsSend):
            message = "the texts of a batch have no application of their own: give an SmsText."
            raise InvalidRequestError(message, field=f"array[{index}].app_id")
        if isinstance(text, SmsText):
            _check(text, f"array[{index}].order_id")


def _check(text: SmsText, field: str) -> None:
    ids, numbers = text.order_id, text.numbers
    if is_missing(ids) or not isinstance(ids, list | tuple) or not isinstance(numbers, list | tuple):
        return
    if len(ids) != len(numbers):
        message = f"{len(ids)} for {len(numbers)} numbers: give one for each, in the same order, or none at all."
        raise InvalidRequestError(message, field=field)
