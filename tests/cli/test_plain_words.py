"""Whatever goes wrong, no message has the words of a library or of Python in it, and none an escaped line break."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing

import pytest
from support.fault_server import answering, in_thread, silent
from support.programs import unused_port
from support.raw_server import http_answer, http_bytes

from itnio_async import AsyncClient, ItnioError

# A name of Python's in the right place is none of these: the version line of `doctor`, and the class of an error in the
# field `error` of JSON.
FORBIDDEN = re.compile(
    r"""\\[nrt] | timeout\.\w++ | bytearray | \bb['"] | <\w++[ .] | 0x[0-9a-f]{6}
    | httpx(?!\[) | httpcore | \bh11\b | anyio | orjson | cattrs | uvloop | asyncio | idna
    | Errno | _ssl | SSL: | Traceback | \bself\b | \bNone\b | \w(?:Error|Exception|Timeout)\b | RowState | Ended\.
    | \.body | \.retry_after | \bbase_url | allow_insecure | max_response_bytes | [ ]str[ ]""",
    re.VERBOSE,
)
TEXTS = ("text", "reason", "advice", "conclusion", "meaning", "notes")

COMMANDS = {
    "doctor": ["doctor"],
    "doctor --json": ["doctor", "--json"],
    "a call": ["call", "GET", "/sms/getBalance"],
    "groups": ["groups", "list"],
    "update": ["trunks", "update", "1", "--sip-prefix", "7"],
    "apply": [
        "trunks",
        "apply",
        "FILE",
        "--yes",
        "--keep-trying",
        "0.1s",
        "--journal",
        "JOURNAL",
        "--failed",
        "FAILED",
    ],
    "apply --json": ["trunks", "apply", "FILE", "--yes", "--keep-trying", "0.1s", "--json", "--html", "PAGE"],
}
# Reading the trunks for an update goes on trying for 30 seconds.
QUICK = [name for name in COMMANDS if name != "update"]
AFTERWARDS = [["trunks", "report", "JOURNAL"], ["trunks", "report", "JOURNAL", "--json"]]

FAULTS = [
    "garbage",
    "half",
    "drop",
    "drop,reset=true",
    "hold",
    "page",
    "page,http_status=404",
    "page,http_status=429",
    "page,http_status=503",
    "minus1",
    "minus2",
    "minus16",
    "minus22",
    "minus999",
]
HEAD = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "any bytes": bytes(range(256)),
    "a status line that is none": b"HTTP/1.1 abc\r\n\r\n",
    "a header that is none": HEAD + b"no header\r\n\r\n",
    "a length that is none": HEAD + b"Content-Length: x\r\n\r\n",
    "a head cut off": HEAD + b"Content-Le",
    "a body cut off": HEAD + b'Content-Length: 100\r\n\r\n{"stat',
    "a chunk that is none": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc",
    "nothing": b"",
    "an empty body": http_bytes(b""),
    "a page": http_bytes(b"<html>\n<p class='a'>\"x\"</p>\n</html>"),
    "no text": http_bytes(b"\xff\xfe\x00\n"),
    "a list": http_bytes(b"[1]"),
    "no status": http_bytes(b'{"data": 1}'),
    "a status of words": http_bytes(b'{"status": "x"}'),
    "a field of another type": http_bytes(b'{"status": 0, "data": {"records": [{"keyId": {}}], "total": 1}}'),
    "data of another type": http_bytes(b'{"status": 0, "data": "x"}'),
    "compressed, and not": http_bytes(b"plain", headers="Content-Encoding: gzip\r\n"),
    "compressed otherwise": http_bytes(b"plain", headers="Content-Encoding: br\r\n"),
    "too large": http_bytes(b"x" * (16 * 2**20 + 1)),
    "a redirect": http_bytes(b"", status="302 Found", headers="Location: http://127.0.0.1/\r\n"),
    "a reason of two lines": http_answer(-22, "one\ntwo\tthree"),
}


@pytest.fixture
def account(monkeypatch):
    """Leads to an address, with credentials that nobody checks."""

    def at(url):
        monkeypatch.setenv("ITNIO_API_KEY", "key-of-nobody")
        monkeypatch.setenv("ITNIO_API_SECRET", "made-up-secret")
        monkeypatch.setenv("ITNIO_BASE_URL", url)

    return at


@pytest.fixture
def check(itnio, csv, tmp_path):
    """Runs commands that fail, and looks at all that they say and write."""
    file = csv("key_id,sip_prefix", "1,7", name="rows.csv")
    places = {"FILE": file, **{name: tmp_path / name.lower() for name in ("JOURNAL", "FAILED", "PAGE")}}

    def run(*names, timeout="0.2"):
        statuses = []
        for command in [COMMANDS[name] for name in names or QUICK]:
            result = itnio(*(places.get(word, word) for word in command), "--timeout", timeout)
            statuses.append(result.status)
            require_plain(result)
        assert any(statuses)
        if places["JOURNAL"].exists():
            for command in AFTERWARDS:
                require_plain(itnio(*(places.get(word, word) for word in command)))
            with closing(sqlite3.connect(places["JOURNAL"])) as journal:
                require_plain_text(
                    str(journal.execute("SELECT reason FROM row UNION SELECT reason FROM run").fetchall())
                )
        for name in ("FAILED", "PAGE"):
            if places[name].exists():
                require_plain_text(re.sub(r"(?s)<(script|style)>.*?</\1>|<[^>]*+>", "", places[name].read_text()))

    return run


def require_plain(result):
    """Look at what a command said, and at the texts in the JSON that it wrote."""
    for line in [*result.out.splitlines(), *result.err.splitlines()]:
        if line.startswith("{"):
            for text in texts_in(json.loads(line)):
                require_plain_text(text)
        # Of an answer, what it says is shown.
        elif not line.startswith(("ok\tversions", "  The answer begins:")):
            require_plain_text(line)


def texts_in(value):
    if isinstance(value, list):
        for one in value:
            yield from texts_in(one)
    elif isinstance(value, dict) and value.get("check") != "versions":
        for name, one in value.items():
            yield from (str(one),) if name in TEXTS and one is not None else texts_in(one)


def require_plain_text(text):
    found = FORBIDDEN.search(text)
    assert found is None, f"{found[0]!r} in: {text[:1000]}"


@pytest.mark.parametrize("fault", FAULTS)
def test_where_the_vendor_fails(check, sandbox, fault):
    sandbox.order(fault)
    # What is signed anew waits for the next second each time.
    check(*(["a call"] if fault == "minus16" else []))


@pytest.mark.parametrize("fault", FAULTS)
def test_where_an_update_fails(check, sandbox, fault):
    sandbox.order(f"{fault},endpoint=update,processed=false")
    check("update", *([] if fault == "minus16" else ["apply", "apply --json"]))


@pytest.mark.parametrize("answer", ANSWERS)
def test_where_something_else_answers(check, account, answer):
    with in_thread(answering(ANSWERS[answer], close=True)) as server:
        account(server.url)
        check("doctor", "doctor --json", "groups", "apply")


def test_where_nobody_answers(check, account):
    with in_thread(silent) as server:
        account(server.url)
        check()


def test_where_nobody_listens(check, account):
    account(f"http://127.0.0.1:{unused_port()}")
    check()


def test_where_the_certificate_is_not_trusted(check, account):
    with in_thread(silent, tls=True) as server:
        account(server.url)
        check(timeout="2")


def test_where_nobody_speaks_tls(check, account, sandbox):
    account(sandbox.url.replace("http:", "https:"))
    check(timeout="2")


@pytest.mark.parametrize(
    "url", ["https://nowhere.invalid", "https://a..b", "http://[::1", "http://127.0.0.1:99999", "x"]
)
def test_where_the_address_is_none(check, account, url):
    account(url)
    check()


@pytest.mark.parametrize("answer", [ANSWERS["another protocol"], http_bytes(b"<p>no</p>", status="403 Forbidden")])
def test_where_the_proxy_is_none(check, account, monkeypatch, answer):
    account("https://api.example.com")
    with in_thread(answering(answer, close=True)) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        check()


async def test_the_bytes_that_a_proxy_sends_are_not_shown_as_python_writes_them():
    with in_thread(answering(ANSWERS["another protocol"], close=True)) as server:
        async with AsyncClient("key", "made-up-secret", proxy=server.url) as client:
            with pytest.raises(ItnioError) as caught:
                await client.account.get_balance()
    assert "bytearray" not in str(caught.value)
    assert "SSH" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "nonsense://127.0.0.1:1", "http://[::1"])
def test_where_the_proxy_does_not_answer(check, account, monkeypatch, proxy):
    account("https://api.example.com")
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    check()


@pytest.mark.parametrize(
    "text",
    [
        "one\\ntwo",
        "No answer within timeout.read.",
        "illegal status line: bytearray(b'SSH')",
        "[Errno 111] Connect call failed",
        "<Response [200 OK]>",
        "ReadTimeout",
    ],
)
def test_the_look_sees_such_words(text):
    assert FORBIDDEN.search(text)
