"""Where credentials and address come from, and what is said where they are missing or wrong."""

from __future__ import annotations

import pytest

from cli.conftest import private_file


def test_the_file_wins_over_the_environment_and_brings_its_address(itnio, sandbox, tmp_path, monkeypatch):
    monkeypatch.setenv("ITNIO_API_KEY", "another")
    monkeypatch.setenv("ITNIO_BASE_URL", "http://127.0.0.1:1")
    content = f"ITNIO_API_KEY={sandbox.api_key}\nITNIO_API_SECRET={sandbox.api_secret}\nITNIO_BASE_URL={sandbox.url}\n"
    path = private_file(tmp_path / "secrets", content)
    result = itnio("trunks", "list", "--limit", 1, "--secret-file", path)
    assert (result.status, result.err) == (0, "")
    assert len(result.lines) == 2
    # And an option over both.
    result = itnio("trunks", "list", "--secret-file", path, "--base-url", "http://127.0.0.1:2")
    assert result.status == 1
    assert "nothing was sent" in result.err


def test_no_credentials_and_nobody_to_ask(itnio):
    result = itnio("trunks", "list")
    assert result.status == 1
    assert "no credentials: ITNIO_API_KEY and ITNIO_API_SECRET are not set" in result.err
    assert "--secret-file FILE" in result.err


@pytest.mark.parametrize(
    ("given_name", "missing"), [("ITNIO_API_KEY", "ITNIO_API_SECRET"), ("ITNIO_API_SECRET", "ITNIO_API_KEY")]
)
def test_half_the_credentials(itnio, monkeypatch, given_name, missing):
    monkeypatch.setenv(given_name, "value-of-one")
    result = itnio("sign")
    assert result.status == 1
    assert f"{missing} is not set. Give --secret-file FILE, or set " in result.err
    assert "value-of-one" not in result.err


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--base-url", "ftp://example.com", "must begin with https://"),
        ("--base-url", "http://192.0.2.1", "Error: --base-url: plain http to 192.0.2.1"),
        ("--base-url", "http://192.0.2.1", "or --allow-insecure where you accept that"),
        ("--timeout", "0", "--timeout is 0."),
        ("--timeout", "-1", "--timeout is -1."),
        ("--timeout", "nan", "--timeout is nan."),
        ("--timeout", "inf", "--timeout is inf."),
    ],
)
def test_bad_settings(itnio, sandbox, option, value, said):
    result = itnio("trunks", "list", option, value)
    assert (result.status, result.out) == (1, "")
    assert said in result.err
    assert result.err.startswith("Error: ")


def test_secrets_of_a_file_do_not_go_to_a_stranger_from_the_environment(itnio, tmp_path, monkeypatch):
    monkeypatch.setenv("ITNIO_BASE_URL", "https://stranger.example")
    result = itnio("trunks", "list", "--secret-file", private_file(tmp_path / "secrets", "key\nsecret\n"))
    assert result.status == 1
    assert "which is not the vendor's. Give --base-url as well, or unset ITNIO_BASE_URL." in result.err


def test_a_timeout_ends_the_call(itnio, sandbox):
    sandbox.order("hold")
    # Not a listing, which is asked for again.
    trunk = ("--type", "outbound", "--sip-trunk-name", "new", "--group", 1000099, "--sip-gateway-ip", "192.0.2.9")
    result = itnio("trunks", "add", *trunk, "--timeout", "0.2")
    assert result.status == 5  # it may be done
    assert "no answer came in time." in result.err
