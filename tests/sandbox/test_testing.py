"""The pytest plugin, as a user's tests see it."""
# ruff: noqa: F811  (fixtures are asked for under the names that they are imported by)

import asyncio
import os
import socket
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import vcr
from support.asking import QUERY, ask, headers_for

import itnio_async
from itnio_async import AsyncClient, GroupBinding, SipTrunkAdd, ValidationError
from itnio_async.sandbox import Sandbox
from itnio_async.testing import SECRET_HEADERS, VendorContactedError, itnio_sandbox, vcr_config  # noqa: F401

pytest_plugins = ["pytester"]
PAGE = {"current": 1, "size": 10, "params": {}}


def test_the_environment_leads_to_the_sandbox(itnio_sandbox):
    assert os.environ["ITNIO_BASE_URL"] == itnio_sandbox.url
    assert os.environ["ITNIO_API_KEY"] == itnio_sandbox.api_key
    assert os.environ["ITNIO_API_SECRET"] == itnio_sandbox.api_secret
    assert len(itnio_sandbox.trunks) == 10


async def test_async_tests_use_it_too(itnio_sandbox):
    assert (await ask(itnio_sandbox, QUERY, PAGE)).json()["status"] == 0


@pytest.mark.parametrize(
    "host", ["api.itniotech.com", "itniotech.com", "API.OnBuka.com.", "x.y.laaffic.com", b"api.itniotech.com"]
)
def test_the_vendors_hosts_are_not_looked_up(itnio_sandbox, host):
    with pytest.raises(VendorContactedError, match=r"was about to contact"):
        socket.getaddrinfo(host, 443)


async def test_a_request_to_the_vendor_fails_with_that_very_error(itnio_sandbox):
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(VendorContactedError):
            await client.get("https://api.itniotech.com/v3/cc/sipTrunk/query")


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("proxy", [None, "http://127.0.0.1:9", "socks5://127.0.0.1:9"])
def test_no_loop_and_no_proxy_leads_to_the_vendor(itnio_sandbox, loop, proxy, monkeypatch):
    if proxy is not None:
        monkeypatch.setenv("ALL_PROXY", proxy)
    factory = None if loop == "asyncio" else pytest.importorskip("uvloop").new_event_loop

    async def call():
        async with AsyncClient(base_url="https://api.itniotech.com") as client:
            await client.account.get_balance()

    with asyncio.Runner(loop_factory=factory) as runner, pytest.raises(VendorContactedError):
        runner.run(call())


async def test_a_mock_of_the_vendor_stays_one(itnio_sandbox, respx_mock):
    respx_mock.get("https://api.itniotech.com/sms/getBalance").respond(json={"status": "0", "balance": "1"})
    async with AsyncClient(base_url="https://api.itniotech.com") as client:
        assert (await client.account.get_balance()).balance is not None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", None])
def test_other_hosts_are_looked_up(itnio_sandbox, host):
    assert socket.getaddrinfo(host, 80)


def test_a_users_suite_with_its_marker(pytester):
    pytester.makeini("[pytest]")  # else a configuration that lies in a folder above would count
    pytester.makeconftest('pytest_plugins = ["itnio_async.testing"]')
    pytester.makepyfile(
        """
        import os, socket
        import pytest

        @pytest.mark.itnio_sandbox(trunks=3)
        def test_marked(itnio_sandbox):
            assert len(itnio_sandbox.trunks) == 3

        def test_plain(itnio_sandbox):
            assert len(itnio_sandbox.trunks) == 10

        @pytest.mark.itnio_sandbox(strict=True)
        def test_relies_on_an_assumption(itnio_sandbox):
            import urllib.request
            try:
                urllib.request.urlopen(itnio_sandbox.url + "/nowhere")
            except urllib.error.HTTPError as error:
                error.close()

        @pytest.mark.itnio_sandbox(5)
        def test_marked_wrongly(itnio_sandbox):
            pass

        def test_nothing_stays_behind():
            assert "ITNIO_BASE_URL" not in os.environ
            assert socket.getaddrinfo.__module__ == "socket"
        """
    )
    result = pytester.runpytest_inprocess("--strict-markers", "-p", "no:cacheprovider", "-p", "no:asyncio")
    result.assert_outcomes(passed=4, errors=2)
    result.stdout.fnmatch_lines(["*AssumedRuleError: 1 request was decided by what the sandbox assumes*"])
    result.stdout.fnmatch_lines(["*takes named arguments only*"])


def test_a_sandbox_of_the_session_that_begins_within_a_test_stays(pytester, monkeypatch):
    monkeypatch.setenv("ITNIO_BASE_URL", "https://of-before.example.com")
    pytester.makeini("[pytest]")
    pytester.makeconftest(
        """
        import os, socket
        import pytest

        pytest_plugins = ["itnio_async.testing"]

        @pytest.fixture(scope="session", autouse=True)
        def nothing_stays_behind():
            before = os.environ["ITNIO_BASE_URL"], socket.getaddrinfo
            yield
            assert before == (os.environ["ITNIO_BASE_URL"], socket.getaddrinfo)
        """
    )
    pytester.makepyfile(
        """
        import os, socket, urllib.request
        import pytest
        from itnio_async.testing import VendorContactedError

        def leads_to(sandbox):
            with pytest.raises(VendorContactedError):
                socket.getaddrinfo("api.itniotech.com", 443)
            return (os.environ["ITNIO_BASE_URL"], os.environ["ITNIO_API_KEY"]) == (sandbox.url, sandbox.api_key)

        @pytest.mark.itnio_sandbox(strict=True)
        @pytest.mark.parametrize("turn", [1, 2])
        def test_begins(itnio_sandbox, request, monkeypatch, turn):
            monkeypatch.setenv("ITNIO_API_KEY", "of-the-test")
            sandbox = request.getfixturevalue("itnio_session_sandbox")
            assert leads_to(sandbox) is (turn == 1)
            with pytest.raises(OSError) as refused:
                urllib.request.urlopen(itnio_sandbox.url + "/nowhere")  # an error at the test's end
            refused.value.close()
            monkeypatch.setenv("ITNIO_API_KEY", "of-the-test")

        def test_goes_on(itnio_session_sandbox):
            assert leads_to(itnio_session_sandbox)

        def test_its_own(itnio_sandbox):
            assert leads_to(itnio_sandbox)

        def test_goes_on_again(itnio_session_sandbox):
            assert leads_to(itnio_session_sandbox)
        """
    )
    options = ("-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:randomly")
    pytester.runpytest_inprocess(*options).assert_outcomes(passed=5, errors=2)


async def test_the_three_headers_stay_out_of_cassettes(vcr_config, tmp_path):
    cassette = tmp_path / "cassette.yaml"
    with Sandbox() as sandbox:
        headers = {name.swapcase(): value for name, value in headers_for(sandbox).items()}
        with vcr.VCR(**vcr_config).use_cassette(str(cassette)):
            assert (await ask(sandbox, QUERY, PAGE, headers={**headers, "X-Kept": "kept"})).json()["status"] == 0
    text = cassette.read_text()
    assert "kept" in text
    for name in SECRET_HEADERS:
        assert f"{name.lower()}:" not in text.lower()
    for secret in (headers["sIGN"], sandbox.api_key):
        assert secret not in text
    # It is a cassette all the same: played back where nobody listens any more.
    with vcr.VCR(**vcr_config).use_cassette(str(cassette), record_mode="none"):
        assert (await ask(sandbox, QUERY, PAGE)).json()["status"] == 0


async def test_passwords_stay_out_of_cassettes(vcr_config, tmp_path):
    cassette = tmp_path / "cassette.yaml"
    trunk = SipTrunkAdd(
        type=1,
        sip_trunk_name="registering",
        group_list=[GroupBinding(voice_group_id=1000001)],
        sip_trunk_state=True,
        sip_gateway_ip="192.0.2.1",
        sip_account="kept-account",
        sip_password="hunter2-secret",
    )

    async def talk(sandbox):
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client:
            await client.sip_trunks.add(trunk)
            return (await client.sip_trunks.list()).records[0]

    with Sandbox() as sandbox, vcr.VCR(**vcr_config).use_cassette(str(cassette)):
        live = await talk(sandbox)
    text = cassette.read_text()
    assert live.sip_password == "hunter2-secret"
    assert "hunter2" not in text
    assert "kept-account" in text
    with vcr.VCR(**vcr_config).use_cassette(str(cassette), record_mode="none"):
        played = await talk(sandbox)
    assert (played.sip_account, played.sip_password) == ("kept-account", "***")


async def test_secrets_of_a_query_stay_out_of_cassettes(vcr_config, tmp_path):
    cassette = tmp_path / "cassette.yaml"
    asked = {"sipPassword": "hunter2", "a": ["1", "2"], "access_token": "hunter2", "b": ""}

    async def talk(sandbox):
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client:
            with pytest.raises(ValidationError):  # it has no such parameters
                await client.request("GET", "/sms/getBalance", params=asked)

    with Sandbox() as sandbox, vcr.VCR(**vcr_config).use_cassette(str(cassette)):
        await talk(sandbox)
    text = cassette.read_text()
    assert "hunter2" not in text
    assert "a=1&a=2" in text
    with vcr.VCR(**vcr_config).use_cassette(str(cassette), record_mode="none"):
        await talk(sandbox)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"sipPassword": "hunter2", "sipAccount": "me"}', b'"me"'),
        (b'{"data": {"records": [{"sipPassword": "hunter2"}], "total": 1}}', b'"total":1'),
        (b"account=me&password=hunter2", b"account=me"),
        (b'{"sipPassword": "hunter2", broken', b"sipPassword"),
    ],
)
def test_what_has_a_secrets_name_is_blanked_in_any_body(vcr_config, body, kept):
    response = {"body": {"string": body}, "headers": {"content-length": [str(len(body))], "X-Kept": ["1"]}}
    shown = vcr_config["before_record_response"](response)
    assert b"hunter2" not in shown["body"]["string"]
    assert kept in shown["body"]["string"]
    assert shown["headers"] == {"content-length": [str(len(shown["body"]["string"]))], "X-Kept": ["1"]}
    assert response["body"]["string"] == body


def test_a_one_time_code_stays_out_of_cassettes_and_the_codes_of_answers_do_not(vcr_config):
    request = SimpleNamespace(body=b'{"verificationId":"222","code":"584931"}', uri="http://sandbox/otp/verify")
    shown = vcr_config["before_record_request"](request)
    assert shown.body == b'{"verificationId":"222","code":"***"}'
    answered = {"body": {"string": b'{"code":0,"msg":"success"}'}, "headers": {}}
    assert vcr_config["before_record_response"](answered) == answered


@pytest.mark.parametrize("body", [b"", b'{ "kept":  1 }', b"\xff\xfe password: x", None])
def test_a_body_without_secrets_stays_as_it_was_written(vcr_config, body):
    response = {"body": {"string": body}, "headers": {}}
    assert vcr_config["before_record_response"](response) == {"body": {"string": body}, "headers": {}}


# -- the plugin that pytest finds by itself ---------------------------------------------------------------------------

LOOKS = """
    import os

    def test_one(itnio_sandbox):
        assert os.environ["ITNIO_BASE_URL"] == itnio_sandbox.url

    def test_session(itnio_session_sandbox):
        assert os.environ["ITNIO_BASE_URL"] == itnio_session_sandbox.url
        assert len(itnio_session_sandbox.trunks) == 10

    def test_both(itnio_session_sandbox, itnio_sandbox):
        assert os.environ["ITNIO_BASE_URL"] == itnio_sandbox.url != itnio_session_sandbox.url

    def test_session_again(itnio_session_sandbox):
        assert os.environ["ITNIO_BASE_URL"] == itnio_session_sandbox.url
"""
BY_ITSELF = """
    import sys

    def pytest_configure():
        assert "itnio_async" not in sys.modules
"""
PLUGIN = Path(itnio_async.__file__).parent / "pytest_plugin.py"
BY_NAME = 'pytest_plugins = ["itnio_async.testing"]'


def is_installed() -> bool:
    """Whether pytest finds the plugin by itself: not where only the checkout lies in the path."""
    return any(plugin.name == "itnio_async" for plugin in entry_points(group="pytest11"))


@pytest.mark.parametrize(
    ("conftest", "options"),
    [
        pytest.param(BY_ITSELF, [], id="by itself", marks=pytest.mark.skipif(not is_installed(), reason="a checkout")),
        pytest.param(BY_NAME, [], id="also by its name"),
        pytest.param(BY_NAME, ["-p", "no:itnio_async"], id="only by its name"),
    ],
)
def test_each_way_to_the_plugin(pytester, conftest, options):
    pytester.makeini("[pytest]")
    pytester.makeconftest(conftest)
    pytester.makepyfile(LOOKS)
    # The other plugins of this machine: some take seconds to load.
    others = {plugin.name for plugin in entry_points(group="pytest11")} - {"itnio_async"}
    quiet = [part for name in sorted(others) for part in ("-p", f"no:{name}")]
    result = pytester.runpytest_subprocess("--strict-markers", *quiet, *options)
    result.assert_outcomes(passed=4)


def test_the_plugin_imports_nothing_of_the_package_before_its_use():
    code = f"""import runpy, sys, pytest
runpy.run_path({str(PLUGIN)!r})
print(*(name for name in sys.modules if name.partition('.')[0] in ('itnio_async', 'httpx', 'attrs')))"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


@pytest.mark.skipif(not is_installed(), reason="a checkout")
def test_what_pytest_finds_is_a_copy_of_the_plugin_beside_the_package():
    (found,) = [plugin for plugin in entry_points(group="pytest11") if plugin.name == "itnio_async"]
    module = found.load()
    assert Path(module.__file__).read_text() == PLUGIN.read_text()


def test_no_module_of_the_package_imports_the_plugin_which_is_not_installed_in_it():
    modules = Path(itnio_async.__file__).parent.rglob("*.py")
    assert not [module for module in modules if "itnio_async.pytest_plugin" in module.read_text(encoding="utf-8")]
