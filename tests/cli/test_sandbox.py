"""`itnio sandbox`: what it prints, how it ends, what it takes."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import signal
import socket
import sys

import pytest

from itnio_async import AsyncClient, ServerError, UnexpectedResponseError


def settings_of(process):
    """The settings in the three lines that a shell would be given."""
    lines = [process.stdout.readline() for _ in range(3)]
    return dict(shlex.split(line)[1].split("=", 1) for line in lines)


def client_of(settings):
    return AsyncClient(settings["ITNIO_API_KEY"], settings["ITNIO_API_SECRET"], base_url=settings["ITNIO_BASE_URL"])


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_until_it_is_told_to_end(start, sent):
    process = start("sandbox", "--port", 0, "--trunks", 3)
    settings = settings_of(process)
    assert list(settings) == ["ITNIO_API_KEY", "ITNIO_API_SECRET", "ITNIO_BASE_URL"]
    async with client_of(settings) as client:
        assert (await client.sip_trunks.list()).total == 3
    introduction = process.stderr.readline()  # it may be told to end as soon as its lines are out
    process.send_signal(sent)
    out, said = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert "with 3 trunks" in introduction
    assert said.endswith("The sandbox has ended; it answered 1 request.\n")


def serve_nothing(monkeypatch):
    """Ctrl-C comes as soon as the sandbox begins to wait."""

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("itnio_async.cli.sandbox.time.sleep", interrupt)


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_it_tells_where_it_is(itnio, monkeypatch, form):
    serve_nothing(monkeypatch)
    before = signal.getsignal(signal.SIGTERM)
    result = itnio("sandbox", "--port", 0, "--trunks", 3, "--fault", "drop", *form)
    assert result.status == 0
    names = ("ITNIO_API_KEY", "ITNIO_API_SECRET", "ITNIO_BASE_URL")
    assert (tuple(json.loads(result.out)) if form else tuple(re.findall("export (\\w+)=", result.out))) == names
    assert "with 3 trunks" in result.err
    assert signal.getsignal(signal.SIGTERM) == before


def test_an_assumption_that_was_relied_on(itnio, monkeypatch):
    async def rely_on_one(sandbox):
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client:
            await client.request("POST", "/v3/cc/sipTrunk/nothing")

    def introduce(sandbox, *, json):
        with pytest.raises(UnexpectedResponseError):
            asyncio.run(rely_on_one(sandbox))

    serve_nothing(monkeypatch)
    monkeypatch.setattr("itnio_async.cli.sandbox._announce", introduce)
    result = itnio("sandbox", "--port", 0, "--strict")
    assert result.status == 1
    assert "Error: 1 request was decided by what the sandbox assumes" in result.err


def test_ctrl_c_before_it_listens(itnio, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("itnio_async.sandbox.Sandbox.start", interrupt)
    result = itnio("sandbox", "--port", 0)
    assert (result.status, result.err) == (130, "Interrupted.\n")


async def test_faults_and_assumptions_and_the_log(start, tmp_path):
    log = tmp_path / "requests"
    arguments = ["--fault", "minus18,endpoint=query,count=4", "--assume", "listed_password=absent", "--log", log]
    process = start("sandbox", "--port", 0, "--trunks", 3, "--json", *arguments)
    settings = json.loads(process.stdout.readline())
    async with client_of(settings) as client:
        with pytest.raises(ServerError):
            await client.sip_trunks.list()
        page = await client.sip_trunks.list()
    assert [trunk.sip_password for trunk in page] == [None, None, None]
    assert [json.loads(line)["code"] for line in log.read_text().splitlines()] == [-18] * 4 + [0]


async def test_the_state_is_kept(start, tmp_path):
    state = tmp_path / "state"
    for trunks in (5, 7):  # the second number does not count: there are some already
        process = start("sandbox", "--port", 0, "--trunks", trunks, "--state", state)
        settings_of(process)
        assert "with 5 trunks" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        process.wait(20)


async def test_strict_ends_with_an_error_if_something_was_assumed(start):
    process = start("sandbox", "--port", 0, "--strict")
    async with client_of(settings_of(process)) as client:
        trunk = next(iter(await client.sip_trunks.list(size=1)))
        with pytest.raises(Exception, match="-22"):
            await client.sip_trunks.update(trunk.to_update(key_id=999))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Error: 1 request was decided by what the sandbox assumes" in said
    assert "no trunk has this keyId" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fault", "minus"], "kind must be minus and a code (minus18), or one of"),
        (["--fault", "minus18,count=many"], "'count=many'"),
        (["--assume", "listed_password"], "it has no =."),
        (["--assume", "listed=masked"], "there is no assumption 'listed'"),
        (
            ["--assume", "listed_password=purple"],
            "listed_password must be one of 'clear', 'masked', 'absent', not 'purple'",
        ),
        (["--assume", "trunk_quota=-1"], "trunk_quota must be a whole number of at least 0, not -1"),
        (["--window", "0"], "window must be a number above 0, not 0.0"),
        (["--state", "no-such-folder/state"], "cannot be opened"),
        (["--log", "no-such-folder/log"], "cannot be written"),
        (["--trunks", "1000000000"], "trunks must be a whole number from 0 to 1000000, not 1000000000"),
    ],
)
def test_what_does_not_fit_is_said(itnio, arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = itnio("sandbox", "--port", 0, *arguments)
    assert (result.status, result.out) == (1, "")
    assert said in result.err
    assert result.err.startswith("Error: ")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("group_bound_once=false", False),
        ("group_bound_once=True", True),
        ("trunk_quota=5", 5),
        ("trunk_quota=none", None),
        ("failure_http_status=500", 500),
        ("listed_order=newest first", "newest first"),
        ("window=2.5", 2.5),
    ],
)
def test_assumptions_are_read_by_their_kind(itnio, text, value):
    name = text.partition("=")[0]
    lines = itnio("sandbox", "--assumptions", "--json", "--assume", text).lines
    assert {one["name"]: one["value"] for one in map(json.loads, lines)}[name] == value


def test_the_assumptions_are_explained(itnio):
    result = itnio("sandbox", "--assumptions")
    assert result.status == 0
    assert (
        "Name:    listed_password\nValue:   clear\nChoices: clear, masked, absent\nWhy:     How the listing"
        in result.out
    )


def test_a_port_in_use(itnio):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = itnio("sandbox", "--port", port)
    assert result.status == 1
    assert f"port {port} is in use" in result.err


@pytest.mark.parametrize("command", ["sandbox", "demo"])
def test_without_the_sandboxs_extra(itnio, monkeypatch, command):
    for name in [name for name in sys.modules if name.startswith("itnio_async.sandbox")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = itnio(command)
    assert result.status == 1
    assert "the sandbox needs uvicorn, which is not installed" in result.err
