"""A job that sends nothing: its files and its JSON are those of this run, whatever ended it."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from cli.trunks.test_apply import sent
from itnio_async.cli.trunks.when import When, WhenOptions

HEAD = "key_id,sip_prefix,code,reason,meaning"


@pytest.fixture
def failed(tmp_path):
    """Where failed rows go; those of the night before are there."""
    path = tmp_path / "failed.csv"
    path.write_text("last night")
    return path


@pytest.fixture
def html(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("last night")
    return path


@pytest.fixture
def apply(itnio, failed, html):
    """Applies a file with all three forms of its end; gives the status, the last object and what was said."""

    def run(file, *options):
        result = itnio("trunks", "apply", file, "--json", "--failed", failed, "--html", html, *options)
        *_, end = map(json.loads, result.lines)
        assert (end["event"], end["exit_status"]) == ("result", result.status)
        assert (end["failed"], end["html"]) == (str(failed), str(html))
        assert "last night" not in failed.read_text() + html.read_text()
        return result.status, end, result.err

    return run


def rows(path):
    return [line.split(",")[:2] for line in path.read_text().splitlines()[1:]]


def test_rows_that_cannot_be_read(apply, sandbox, csv, failed, html):
    status, end, _ = apply(csv("key_id,sip_prefix", "x,00", "1,00"), "--yes")
    assert (status, end["ended"], end["bad"], end["error"]) == (3, "refused", 1, None)
    assert (end["counts"]["waiting"], sent(sandbox)) == (1, 0)
    assert rows(failed) == [["x", "00"]]
    assert "1 failed row" in html.read_text()


def test_rows_that_are_refused_beforehand(apply, sandbox, csv, failed, html):
    status, end, _ = apply(csv("key_id,sip_prefix", "77,00", "1,00"), "--yes")
    assert (status, end["ended"], end["counts"]["refused"], sent(sandbox)) == (3, "refused", 1, 0)
    assert rows(failed) == [["77", "00"]]
    assert "no trunk of the account has the key id 77" in html.read_text()


def test_a_dry_run(apply, sandbox, csv, failed):
    status, end, _ = apply(csv("key_id,sip_prefix", "1,00"), "--dry-run")
    assert (status, end["ended"], end["counts"]["waiting"], sent(sandbox)) == (2, "dry_run", 1, 0)
    assert failed.read_text().splitlines() == [HEAD]


def test_a_refused_secret(apply, sandbox, csv, failed, html, monkeypatch):
    monkeypatch.setenv("ITNIO_API_SECRET", "another-made-up-secret")
    status, end, said = apply(csv("key_id,sip_prefix", "1,00"), "--yes")
    assert (status, end["ended"], end["error"], end["code"]) == (1, "error", "AuthenticationError", -1)
    assert end["counts"]["waiting"] == 1
    assert failed.read_text().splitlines() == [HEAD]
    assert "not sent: the vendor refused the API key or its sign" in html.read_text()
    assert "made-up-secret" not in said + json.dumps(end) + html.read_text()


def test_a_secret_file_that_is_not_there(apply, sandbox, csv, tmp_path):
    status, end, _ = apply(csv("key_id,sip_prefix", "1,00"), "--yes", "--secret-file", tmp_path / "none")
    assert (status, end["ended"]) == (1, "error")


def test_a_file_that_is_not_there(apply, sandbox, tmp_path, failed):
    status, end, _ = apply(tmp_path / "none.csv", "--yes")
    assert (status, end["ended"], end["rows"]) == (1, "error", 0)
    assert failed.read_text().splitlines() == ["code,reason,meaning"]


@pytest.mark.parametrize("options", [("--until", "noon"), ("--window", "1-2")])
def test_options_that_cannot_be(apply, sandbox, csv, options):
    status, end, _ = apply(csv("key_id,sip_prefix", "1,00"), "--yes", *options)
    assert (status, end["ended"], end["error"], len(sandbox.requests)) == (1, "error", "CommandError", 0)


def test_a_journal_that_cannot_be_used(apply, sandbox, csv, tmp_path):
    status, end, _ = apply(csv("key_id,sip_prefix", "1,00"), "--yes", "--journal", tmp_path)
    assert (status, end["error"], sent(sandbox)) == (1, "JournalError", 0)


def test_a_signal_while_it_waits_for_the_window(start, sandbox, csv, failed, html):
    order = sandbox.order("hold,endpoint=query")
    file = csv("key_id,sip_prefix", "1,00")
    process = start("trunks", "apply", file, "--yes", "--json", "--failed", failed, "--html", html)
    asyncio.run(order.reached(1, timeout=20))
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    order.release()
    end = json.loads(out.splitlines()[-1])
    assert (process.returncode, end["ended"], end["exit_status"]) == (143, "stopped", 143)
    assert failed.read_text().splitlines() == [HEAD]


def test_what_somebody_says_no_to(itnio, sandbox, csv, failed, on_terminal, monkeypatch):
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    assert itnio("trunks", "apply", csv("key_id,sip_prefix", "1,00"), "--failed", failed).status == 2
    assert failed.read_text().splitlines() == [HEAD]


def test_files_are_tried_before_anything_is_sent(itnio, sandbox, csv, tmp_path):
    file = csv("key_id,sip_prefix", "1,00")
    (tmp_path / "directory").mkdir()
    missing = tmp_path / "missing"
    for options, said in [
        (("--failed", missing / "f.csv"), "cannot be written"),
        (("--html", missing / "h.html"), "cannot be written"),
        (("--failed", tmp_path / "directory"), "is a directory"),
        (("--failed", tmp_path / "f.ods"), "end in .ods cannot be written"),
        (("--html", file), "would replace"),
        (("--failed", tmp_path / "one.csv", "--html", tmp_path / "one.csv"), "name the same file"),
        (("--html", file, "--until", "noon"), "would replace"),
        (("--failed", file), "would replace"),
        (("--html", tmp_path / "j", "--journal", tmp_path / "j"), "would replace"),
        (("--html", tmp_path / "secrets.csv", "--secrets-from", tmp_path / "secrets.csv"), "would replace"),
    ]:
        for command in ("apply", "undo"):
            if command == "undo" and "--secrets-from" in options:
                continue
            result = itnio("trunks", command, file, "--yes", *options)
            assert said in result.err
            assert (result.status, len(sandbox.requests)) == (1, 0)
            assert file.read_text() == "key_id,sip_prefix\n1,00\n"
    assert not list(tmp_path.glob("*.ods"))
    assert not list(tmp_path.glob(".itnio-*"))
    result = itnio("trunks", "apply", file, "--yes", "--json", "--html", missing / "h.html")
    end = json.loads(result.lines[-1])
    assert (end["event"], end["ended"], end["html"]) == ("result", "error", None)


def test_a_window_ends_while_it_is_waited_for(apply, sandbox, csv, monkeypatch):
    monkeypatch.setattr(WhenOptions, "when", lambda _: When(1.0, 2.0))
    status, end, _ = apply(csv("key_id,sip_prefix", "1,00"), "--yes")
    assert (status, end["ended"], sent(sandbox)) == (2, "until", 0)
