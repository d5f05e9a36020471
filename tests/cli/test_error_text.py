"""Errors in words: each is a few lines, whatever is in it."""

from __future__ import annotations

import pytest

from itnio_async import (
    ApiError,
    ConfigurationError,
    ConnectError,
    ReadTimeout,
    UnexpectedResponseError,
    ValidationError,
)
from itnio_async.cli.error_text import text_of
from itnio_async.cli.exits import CommandError


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (
            ValidationError("no\x1b[2J", code=-22, meaning="m", advice="a", endpoint="POST /x", attempts=1),
            ["Error: the vendor refused POST /x.", "  Vendor's code: -22 'no\\x1b[2J': m.", "  What to do: a"],
        ),
        (
            ApiError("", code=-99, meaning="m", advice="a", remark="r.", attempts=4),
            [
                "Error: the vendor refused the call.",
                "  Vendor's code: -99: m.",
                "  What to do: a",
                "  r.",
                "  4 attempts were made.",
            ],
        ),
        (UnexpectedResponseError("broken", body=""), ["Error: broken"]),
        (
            UnexpectedResponseError("broken", body="<p>\n" * 99),
            ["Error: broken", "  The answer begins: " + "<p> " * 50],
        ),
        (
            ReadTimeout("late: timeout.read"),
            [
                "Error: no answer came in time.",
                "  The request may have been processed: look before repeating what does harm.",
                "  What to do: give it more time (--timeout), or check the network (`itnio doctor`).",
            ],
        ),
        (
            ConnectError("nobody: [Errno 111] Connect call failed"),
            [
                "Error: no connection could be made; nothing was sent.",
                "  What to do: check address, network and TLS (`itnio doctor`).",
            ],
        ),
        (ConfigurationError("base_url is bad"), ["Error: --base-url is bad"]),
        (CommandError("wrong."), ["Error: wrong."]),
        (CommandError("wrong.", "right."), ["Error: wrong.", "  What to do: right."]),
        (OSError(5, "broken", "file"), ["Error: file: broken"]),
    ],
)
def test_errors_in_lines(error, lines):
    assert text_of(error).splitlines() == lines
