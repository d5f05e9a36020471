"""Record what the sandbox was asked and how each request was decided, for tests to look at and for `strict`."""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import IO

import attrs
import orjson
from attrs import frozen

from itnio_async.errors import ConfigurationError
from itnio_async.sandbox.event_count import EventCount
from itnio_async.text import counted, first_of

# The newest requests are kept, the older ones only counted: a sandbox may run for weeks.
REQUESTS_KEPT = 10_000
_ASSUMED_SHOWN = 20


class AssumedRuleError(AssertionError):
    """A test with a strict sandbox relied on something that the vendor's pages do not say."""


@frozen(kw_only=True)
class RecordedRequest:
    """One request: when (the sandbox's clock), what, and how it was decided. Nothing secret is kept.

    `code` is None where no answer of the API was given; `rule` is the header X-Itnio-Rule, `text` says it in words;
    `fault` is the ordered fault that struck, as text.
    """

    at: float
    method: str
    path: str
    key_id: int | None = None
    code: int | None = None
    rule: str
    text: str
    fault: str | None = None


class Record:
    """Keeps the newest requests, counts all of them, and writes each to a file of JSON lines if one is given."""

    def __init__(self, log: str | None) -> None:
        self._lock = threading.Lock()
        self._requests: deque[RecordedRequest] = deque(maxlen=REQUESTS_KEPT)
        self._codes: Counter[int | None] = Counter()
        self._assumed: list[RecordedRequest] = []
        self._assumed_count = 0
        self._file: IO[bytes] | None = None
        self.seen: EventCount = EventCount()
        if log is not None:
            try:
                self._file = open(log, "ab", buffering=0)  # noqa: SIM115, PTH123  (closed with the sandbox)
            except OSError as error:
                raise ConfigurationError(f"log {log!r} cannot be written ({error}); give another path.") from error

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def add(self, request: RecordedRequest) -> None:
        """Record one request."""
        with self._lock:
            self._requests.append(request)
            self._codes[request.code] += 1
            if request.rule.endswith("assumed"):
                self._assumed_count += 1
                if len(self._assumed) < _ASSUMED_SHOWN:
                    self._assumed.append(request)
            if self._file is not None:
                self._file.write(orjson.dumps(attrs.asdict(request), option=orjson.OPT_APPEND_NEWLINE))
        self.seen.advance()

    def requests(self) -> list[RecordedRequest]:
        """Return the newest requests, oldest of them first."""
        with self._lock:
            return list(self._requests)

    def codes(self) -> Counter[int | None]:
        """Return how often each code was answered since the start."""
        with self._lock:
            return self._codes.copy()

    def check(self) -> None:
        """Raise `AssumedRuleError` if an assumed rule decided any request."""
        with self._lock:
            count, shown = self._assumed_count, list(self._assumed)
        if not count:
            return
        requests = [
            f"{request.method} {request.path} key id {request.key_id}: {request.rule} ({request.text})"
            for request in shown
        ]
        raise AssumedRuleError(
            f"{counted(count, 'request')} {'was' if count == 1 else 'were'} decided by what the sandbox assumes and "
            "the vendor's pages do not say (sandbox.assumptions has the reasons):"
            + "".join(f"\n  {line}" for line in first_of(requests, len(requests), count=count))
        )
