"""`itnio doctor`: each thing that can be wrong is found, and says what to do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import ssl
import time
from email.utils import formatdate

import httpx
import pytest
import trustme

from itnio_async.api.sip_trunks.codes import SIP_TRUNKS
from itnio_async.calls import failures
from itnio_async.calls.answer import server_time
from itnio_async.cli.doctor import Finding, _ClockWatch

try:
    import uvloop
except ImportError:
    uvloop = None


def findings_of(itnio, *arguments):
    result = itnio("doctor", "--json", *arguments)
    findings = {finding["check"]: finding for finding in map(json.loads, result.lines)}
    assert result.status == int(any(finding["state"] == "wrong" for finding in findings.values()))
    assert all(finding["advice"] for finding in findings.values() if finding["state"] in ("wrong", "warning"))
    return findings


def test_all_is_well(itnio, sandbox):
    findings = findings_of(itnio)
    assert {name: finding["state"] for name, finding in findings.items()} == {
        "versions": "ok",
        "credentials": "ok",
        "address": "ok",
        "DNS": "skipped",
        "TCP": "ok",
        "TLS": "skipped",
        "API": "ok",
        "clock": "ok",
        "latency": "ok",
    }
    assert findings["credentials"]["text"] == "API key san*** from ITNIO_API_KEY and ITNIO_API_SECRET"
    assert findings["address"]["text"] == f"{sandbox.url} from ITNIO_BASE_URL"
    assert "API key sandbox-key" not in str(findings)


def test_each_setting_has_its_source(itnio, sandbox, tmp_path):
    path = tmp_path / "secrets"
    path.write_text(f"{sandbox.api_key}\n{sandbox.api_secret}\n")
    path.chmod(0o600)
    findings = findings_of(itnio, "--secret-file", path, "--base-url", sandbox.url)
    assert findings["credentials"]["text"] == f"API key san*** from the file {path}"
    assert findings["address"]["text"] == f"{sandbox.url} from --base-url"


def test_the_lines_without_a_terminal(itnio, sandbox):
    lines = [line.split("\t") for line in itnio("doctor").lines]
    assert all(len(line) == 4 for line in lines)
    assert lines[1][:2] == ["ok", "credentials"]


def test_no_credentials(itnio):
    findings = findings_of(itnio)
    assert findings["settings"]["state"] == "wrong"
    assert "no credentials" in findings["settings"]["text"]


def test_a_wrong_secret(itnio, sandbox, monkeypatch):
    monkeypatch.setenv("ITNIO_API_SECRET", "another-secret")
    findings = findings_of(itnio)
    assert findings["API"]["state"] == "wrong"
    assert "-1 'Authentication error'" in findings["API"]["text"]
    assert findings["clock"]["state"] == "ok"
    assert "another-secret" not in str(findings)


def test_an_address_that_is_not_allowed(itnio, sandbox):
    sandbox.allowed_addresses = {"192.0.2.1"}
    finding = findings_of(itnio)["API"]
    assert "or the caller's IP address is not allowed" in finding["text"]
    assert finding["advice"].startswith("Check the API key and secret, and that this machine's public")


@pytest.mark.parametrize(
    ("ahead", "state", "said"),
    [
        (-3600, "wrong", "3600 s ahead of the server's"),
        (3600, "wrong", "3600 s behind the server's"),
        (30, "warning", "30 s behind the server's"),
        (2, "ok", "agrees with the server's"),
    ],
)
def test_a_clock_that_is_off(itnio, sandbox, ahead, state, said):
    sandbox.clock = lambda: time.time() + ahead
    findings = findings_of(itnio)
    assert findings["clock"]["state"] == state
    number = said.split()[0]
    if number.isdigit():  # the answer's whole seconds allow for one more or less
        said = said.removeprefix(number)
        assert abs(int(findings["clock"]["text"].split()[0]) - int(number)) <= 1
    assert said in findings["clock"]["text"]
    # The client learnt the server's time, so that calls work all the same.
    assert findings["API"]["state"] == "ok"
    assert ("retried after -16" in findings["API"]["text"]) == (abs(ahead) > 300)


def test_nothing_listens(itnio, sandbox):
    sandbox.stop()
    findings = findings_of(itnio)
    assert findings["TCP"]["state"] == "wrong"
    assert "API" not in findings


def test_no_such_host(itnio, sandbox, monkeypatch):
    def look_up(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    finding = findings_of(itnio, "--base-url", "https://api.itniotehc.com")["DNS"]
    assert finding["state"] == "wrong"
    assert "api.itniotehc.com is not found" in finding["text"]


def test_a_host_by_name(itnio, sandbox):
    finding = findings_of(itnio, "--base-url", sandbox.url.replace("127.0.0.1", "localhost"))["DNS"]
    assert finding["state"] == "ok"
    assert "127.0.0.1" in finding["text"]


@pytest.mark.usefixtures("either_loop")
def test_a_name_whose_first_address_is_dead(itnio, sandbox, monkeypatch):
    look_up = socket.getaddrinfo

    def two(host, *arguments, **named):
        found = look_up("127.0.0.1", *arguments, **named)
        family, kind, protocol, name, _ = found[0]
        return [(family, kind, protocol, name, ("127.0.0.2", 1)), *found] if host == "localhost" else found

    async def addresses(self, host, port, **named):
        return two(host, port, **named)

    for loop in (asyncio.BaseEventLoop, *([] if uvloop is None else [uvloop.Loop])):
        monkeypatch.setattr(loop, "getaddrinfo", addresses)
    findings = findings_of(itnio, "--base-url", sandbox.url.replace("127.0.0.1", "localhost"))
    assert findings["TCP"]["state"] == findings["API"]["state"] == "ok"


@pytest.mark.parametrize("date", ["Mon, 01 Jan 99999999999 00:00:00 GMT", "yesterday", "Mon, 01 Jan 2024 00:00:00"])
def test_a_date_is_read_as_the_client_reads_it(date, monkeypatch):
    response = httpx.Response(200, headers={"date": date})
    skews = []
    watch = _ClockWatch(httpx.MockTransport(lambda _: response), skews)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        asyncio.run(watch.handle_async_request(httpx.Request("GET", "https://a.example")))
    finally:
        monkeypatch.undo()
        time.tzset()
    read = server_time(response.headers)
    assert bool(skews) == (read is not None)
    if skews:
        assert abs(time.time() - read - skews[0]) < 10


def test_no_tls_there(itnio, sandbox):
    finding = findings_of(itnio, "--base-url", sandbox.url.replace("http:", "https:"))["TLS"]
    assert finding["state"] == "wrong"
    assert "no handshake" in finding["text"]


@pytest.fixture
def authority():
    return trustme.CA()


@pytest.fixture
async def tls_server(authority):
    """Answers each request over TLS with an empty page of trunks."""
    body = b'{"status": 0, "reason": "success", "data": {"records": [], "total": 0}}'
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nDate: {formatdate(usegmt=True)}\r\n\r\n".encode()

    async def answer(reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line[15:]) for line in request.split(b"\r\n") if line.lower().startswith(b"content-length:")
                )
                await reader.readexactly(length)
                writer.write(head + body)
                await writer.drain()
        writer.transport.abort()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_tls(itnio, sandbox, authority, tls_server, tmp_path, monkeypatch):
    # In a thread: the command has a loop of its own, and the server is in this one.
    refused = (await asyncio.to_thread(findings_of, itnio, "--base-url", tls_server))["TLS"]
    assert refused["state"] == "wrong"
    assert "the certificate is refused" in refused["text"]
    assert "SSL_CERT_FILE" in refused["advice"]
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    findings = await asyncio.to_thread(findings_of, itnio, "--base-url", tls_server)
    assert {finding["state"] for finding in findings.values()} == {"ok", "skipped"}
    assert re.search(r"the certificate ends on \d{4}-\d\d-\d\d \d\d:\d\d UTC, in [\d,]+ days", findings["TLS"]["text"])
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    missing = (await asyncio.to_thread(findings_of, itnio, "--base-url", tls_server))["TLS"]
    assert missing["state"] == "wrong"
    assert "Correct or unset SSL_CERT_FILE" in missing["advice"]


def test_a_gateways_page(itnio, sandbox):
    sandbox.order("page")
    finding = findings_of(itnio)["API"]
    assert "HTTP 502" in finding["text"]


def test_no_answer(itnio, sandbox):
    sandbox.order("hold")
    findings = findings_of(itnio, "--timeout", "0.2")
    assert findings["API"]["state"] == "wrong"
    assert findings["clock"]["state"] == "skipped"
    assert "latency" not in findings


def test_a_proxy_makes_the_connections(itnio, sandbox, monkeypatch):
    address = sandbox.url.removeprefix("http://")
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:hidden@{address}")
    findings = findings_of(itnio, "--base-url", "https://api.example.com")
    assert findings["proxy"]["state"] == "ok"
    assert findings["proxy"]["text"].startswith(f"http://{address} from the environment accepts connections, in ")
    assert findings["API"]["state"] == "wrong"
    assert "DNS" not in findings
    assert "hidden" not in str(findings)


def test_a_proxy_that_does_not_answer(itnio, sandbox, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hidden@127.0.0.1:1")
    findings = findings_of(itnio, "--base-url", "https://api.example.com")
    assert findings["proxy"]["state"] == "wrong"
    assert findings["proxy"]["text"].startswith("http://127.0.0.1:1 from the environment does not answer: ")
    assert "HTTPS_PROXY" in findings["proxy"]["advice"]
    assert list(findings)[-1] == "proxy"
    assert "hidden" not in str(findings)


@pytest.mark.parametrize("fault", ["minus1", "minus2", "page", "drop", "hold"])
def test_it_never_advises_to_run_itself(itnio, sandbox, fault):
    sandbox.order(fault)
    result = itnio("doctor", "--timeout", "0.2")
    assert result.status == 1
    assert "itnio doctor" not in result.out + result.err


def test_no_text_of_a_code_or_an_error_advises_it_to_run_itself():
    for text in (*(code.advice for code in SIP_TRUNKS.codes.values()), failures._SEE_DOCTOR):
        assert "itnio doctor" not in Finding("API", "wrong", text, text).advice


def test_a_bad_proxy(itnio, sandbox, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://127.0.0.1:1")
    findings = findings_of(itnio, "--base-url", "https://api.example.com")
    assert findings["proxy"]["state"] == "wrong"


def test_plain_http_elsewhere(itnio, sandbox, monkeypatch):
    # Another name for this machine, so that the connection stays here.
    monkeypatch.setattr("itnio_async.cli.doctor.is_loopback", lambda host: False)
    finding = findings_of(itnio, "--allow-insecure")["TLS"]
    assert finding["state"] == "warning"
    assert "everyone on the way can read along" in finding["text"]
