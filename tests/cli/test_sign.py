"""`itnio sign` against the headers that the vendor documents."""

from __future__ import annotations

import pytest


@pytest.fixture
def documented_account(monkeypatch):
    monkeypatch.setenv("ITNIO_API_KEY", "bDqJFiq9")
    monkeypatch.setenv("ITNIO_API_SECRET", "7bz1lzh9")
    # Signing needs no address, so that a wrong one must not be in its way.
    monkeypatch.setenv("ITNIO_BASE_URL", "not an address")


def test_sign_gives_the_documentations_own_headers(itnio, documented_account):
    result = itnio("sign", "--at", 1630468800)
    assert (result.status, result.err) == (0, "")
    assert result.lines == [
        "Sign: 05d7a50893e22a5c4bb3216ae3396c7c",
        "Timestamp: 1630468800",
        "Api-Key: bDqJFiq9",
    ]


def test_sign_for_now(itnio, documented_account, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1630468800.9)
    assert itnio("sign").lines[0] == "Sign: 05d7a50893e22a5c4bb3216ae3396c7c"


def test_milliseconds_are_noticed(itnio, documented_account):
    result = itnio("sign", "--at", 1630468800000)
    assert result.status == 0
    assert "looks like milliseconds" in result.err
