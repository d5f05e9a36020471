"""Requests that take more than their own fields, and records that keep what the vendor adds."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from itnio_async.codec import Record, Request
from itnio_async.values import extra_field, sent_extra_field


@frozen(kw_only=True, repr=False)
class OpenRequest(Request):
    """A request that takes more than its own fields."""

    extra: Mapping[str, Any] = sent_extra_field()
    """What is sent beside these fields, under the vendor's names."""


@frozen(kw_only=True)
class OpenRecord(Record):
    """A record that keeps what the vendor adds; a field that the answer leaves out or gives as null is None."""

    extra: Mapping[str, Any] = extra_field()
    """The keys of the answer that are not known."""
