"""Exit statuses, pipes that close, Ctrl-C, what goes to a terminal and what to a file."""

from __future__ import annotations

import errno
import os
import re
import shlex
import signal
import subprocess
import sys

import pytest
import typer

from cli.conftest import COMMAND
from cli.terminal import Terminal
from itnio_async import __version__
from itnio_async.api.paths import calls
from itnio_async.cli import main
from itnio_async.cli.families.words import command_of

OF_ACCOUNT = [f"trunks {name}" for name in ("list", "update", "add", "export", "plan", "apply", "set", "undo")]
TRUNKS = [*OF_ACCOUNT, "trunks jobs", "trunks report"]
OF_FAMILIES = [command_of(call) for call in calls() if call.family not in ("sip_trunks", "account")]
COMMANDS = ["demo", *TRUNKS, *OF_FAMILIES, "balance", "call", "endpoints", "codes", "sign", "doctor", "sandbox"]
# Control characters but for tab and line end, and the characters that boxes are drawn with.
NOT_PLAIN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2500-\u259f]")


@pytest.mark.parametrize("command", ["", "trunks", *COMMANDS])
def test_help_says_what_the_exit_statuses_mean(itnio, command):
    result = itnio(*command.split(), "--help")
    text = " ".join(result.out.split())
    assert result.status == 0
    for said in ("0 done", "1 error", "2 changes to make", "3 refused by the vendor", "129, 130, 143 interrupted"):
        assert said in text
    assert not NOT_PLAIN.search(result.out)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_option_takes_a_secret(itnio, command):
    options = re.findall(r"--[a-z-]+", itnio(*command.split(), "--help").out)
    forbidden = {"--api-secret", "--secret", "--api-key", "--sip-password", "--password"}
    assert options
    assert forbidden.isdisjoint(options)


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_the_help_begins_with_what_it_is(itnio, flag):
    assert "The ITNIO Tech API from a shell." in itnio(flag).out


@pytest.fixture
def boxed(itnio, on_terminal):
    """Returns the help as a terminal shows it, without its colours."""
    return lambda command: re.sub("\x1b\\[[0-9;]*m", "", itnio(*command.split(), "--help").out)


@pytest.mark.parametrize(("group", "count"), [("", 15), ("trunks", 10), ("groups", 8), ("tasks", 7)])
def test_a_group_lists_its_commands_on_a_terminal_too(boxed, group, count):
    listed = re.findall(r"^│ ([\w-]+) +\S", boxed(group).partition("─ Commands ─")[2], re.MULTILINE)
    assert set(listed) == {name.removeprefix(group).split()[0] for name in COMMANDS if name.startswith(group)}
    assert len(listed) == count


@pytest.mark.parametrize("command", COMMANDS)
def test_no_help_has_what_a_terminal_would_not_show(itnio, command):
    """rich takes `[word]` for markup; defaults, ranges and (by older typers) choices are put in brackets later."""
    # That is typer's own word for an argument that may be given several times, and it shows it on terminals too.
    text = itnio(*command.split(), "--help").out.replace("<list[str]>", "")
    assert re.findall(r"\[(?!default:\s|required\]|x[<>]|[\w-]+\|)[a-z#/@][^\]]*\]", text) == []


def test_version(itnio):
    assert itnio("--version").lines == [f"itnio {__version__}"]


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "nonsense",
        "trunks",
        "trunks remove",
        "codes --nonsense",
        "codes -47 -48",
        "demo --trunks many",
        "demo --trunks 0",
        "demo --concurrency 0",
        "sandbox --port 65536",
        "sandbox --trunks -1",
        "sign --at -1",
        "sign --at 2026-01-01",
        "trunks update",
        "trunks update one --sip-prefix 1",
        "trunks add --type sideways --sip-trunk-name x --group 1",
        "trunks add --type inbound",
        "trunks list --type 3",
        "trunks list --limit 0",
    ],
)
def test_wrong_usage_is_an_error_and_not_2(itnio, arguments):
    result = itnio(*arguments.split())
    assert result.status == 1
    assert "Traceback" not in result.err
    assert result.err or "Usage:" in result.out


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_it_says_what_to_install(itnio, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    result = itnio("--help")
    assert (result.status, result.out) == (1, "")
    assert missing in result.err
    assert "pip install 'itnio-async[cli]'" in result.err


@pytest.mark.parametrize("module", ["itnio_async", "itnio_async.cli"])
def test_as_a_module(module):
    done = subprocess.run([sys.executable, "-m", module, "codes", "-47"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "another trunk has that name" in done.stdout


# What takes long to load, or is not there without an extra of its own.
HEAVY = {
    *("itnio_async.bulk", "itnio_async.sandbox", "starlette", "uvicorn", "dask", "distributed", "cryptography"),
    *("openpyxl", "jinja2", "sqlite3", "platformdirs", "rich.progress", "rich.live", "uvloop"),
}


def loaded(*arguments, before="sys"):
    """Return which modules a command loads, beside those that `before` loads."""
    program = (
        f"import sys, {before}; before = set(sys.modules); from itnio_async.cli import main; main(sys.argv[1:]);"
        "print(*(sys.modules.keys() - before))"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def heavy(*arguments):
    """Return which of these modules a command loads, beside those that `import httpx` loads by itself."""
    return HEAVY & loaded(*arguments, before="httpx")


@pytest.mark.parametrize(
    "command", ["--help", "codes", "codes -47", "sign --help", "doctor --help", "trunks --help", "trunks list --help"]
)
def test_a_command_loads_nothing_that_others_need(command):
    assert heavy(*command.split()) == set()


@pytest.mark.parametrize("command", ["--help", "--version", "codes -53", "codes", "trunks --help"])
def test_what_makes_no_call_loads_nothing_for_calls(command):
    assert not {"httpx", "cattrs", "orjson", "httptools", "itnio_async.client"} & loaded(*command.split())


def test_a_command_loads_what_it_needs(csv):
    assert heavy("trunks", "plan", str(csv("key_id,sip_prefix", "x,1"))) - {"uvloop"} == {"itnio_async.bulk"}


@pytest.mark.parametrize("command", [*OF_ACCOUNT, "sign", "doctor"])
def test_what_has_an_account_takes_a_profile(itnio, command):
    assert "--profile" in itnio(*command.split(), "--help").out


# -- pipes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["codes", "codes --json", "trunks list", "trunks list --json", "doctor", "--help"])
def test_a_reader_that_left_is_no_news(start, sandbox, command):
    reading, writing = os.pipe()
    os.close(reading)
    process = start(*command.split(), stdout=writing)
    os.close(writing)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "")


def test_a_job_that_nobody_reads_is_not_begun_and_a_plan_keeps_its_status(start, sandbox, tmp_path):
    file = tmp_path / "trunks.csv"
    file.write_text("key_id,sip_prefix\n1,00\n")
    ends = []
    for command in ("plan", "apply --yes", "apply --yes --json", "apply --dry-run"):
        reading, writing = os.pipe()
        os.close(reading)
        process = start("trunks", *command.split(), file, stdout=writing)
        os.close(writing)
        _, said = process.communicate(timeout=30)
        ends.append((process.returncode, "Nothing was sent" in said))
    assert ends == [(2, False), (1, True), (1, True), (2, False)]
    assert not sandbox.trunk(1).sip_prefix


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has it")  # noqa: PTH110
@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_what_cannot_be_written_does_not_change_the_status_of_an_interrupt(monkeypatch, name):
    def interrupted(_):
        getattr(sys, name).write("a line that is still in the buffer")
        raise KeyboardInterrupt

    monkeypatch.setattr("itnio_async.cli.run._run", interrupted)
    with open("/dev/full", "w") as full:  # noqa: PTH123
        monkeypatch.setattr(sys, name, full)
        assert main(["codes"]) == 130
        full.flush()  # as the interpreter does at its end, which exits with 120 if that fails


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has it")  # noqa: PTH110
def test_a_full_disk_is_an_error(start):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        process = start("codes", stdout=full)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said == "Error: No space left on device\n"


def test_an_encoding_without_the_letters_gets_escapes(start, sandbox, monkeypatch, itnio):
    itnio("trunks", "update", 1, "--sip-trunk-name", "北京")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    out, said = start("trunks", "list", "--limit", 1).communicate(timeout=30)
    assert said == ""
    assert "\\u5317\\u4eac" in out
    out, _ = start("trunks", "list", "--limit", 1, "--json").communicate(timeout=30)
    assert '"\\u5317\\u4eac"' in out


@pytest.mark.parametrize("command", ["codes", "codes -47", "trunks list", "sign", "doctor", "demo --trunks 20"])
def test_plain_output_has_no_control_characters_and_no_boxes(itnio, sandbox, command):
    result = itnio(*command.split())
    assert result.status == 0
    assert result.out
    assert not NOT_PLAIN.search(result.out + result.err)


def test_a_write_that_fails(itnio, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "somewhere")

    monkeypatch.setattr("itnio_async.cli.codes.table", fail)
    result = itnio("codes")
    assert (result.status, result.err) == (1, "Error: somewhere: No space left on device\n")


# -- what a shell has closed ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("either_loop")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_a_shell_has_closed_ends_nothing(sandbox, closed, tmp_path):
    line = f"{shlex.join(COMMAND)} groups add --app-id sandbox1 --group-name sales {closed}; echo $? >status"
    ended = subprocess.run(
        ["/bin/sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True
    )
    assert (tmp_path / "status").read_text() == "0\n"
    assert (ended.stdout, ended.stderr) == ("" if ">&-" in closed.split() else "Done.\n", "")
    assert [request.path for request in sandbox.requests] == ["/v3/cc/seatGroup/addGroup"]


# -- Ctrl-C -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("either_loop")
def test_ctrl_c_while_a_pipe_is_read_that_nobody_writes_to(start, sandbox, tmp_path):
    pipe = tmp_path / "numbers.csv"
    os.mkfifo(pipe)
    process = start("tasks", "upload", pipe)
    # Opens when the command reads it.
    with pipe.open("wb"):
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "Interrupted.\n")
    assert not sandbox.requests


@pytest.mark.usefixtures("either_loop")
@pytest.mark.parametrize("command", ["trunks list", "trunks update 1 --sip-prefix 1", "doctor"])
async def test_ctrl_c_during_an_attempt(start, sandbox, command):
    order = sandbox.order("hold")
    process = start(*command.split())
    await order.reached(timeout=20)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "Interrupted.\n")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "command",
    [
        "trunks update 1 --sip-prefix 1",
        "trunks add --type outbound --sip-trunk-name new --sip-gateway-ip 192.0.2.1 --group 1000026",
        "groups delete 2000001 --yes",
        "call POST /v3/cc/seatGroup/updateGroup --data {}",
    ],
)
async def test_a_change_that_is_cut_off_when_it_was_sent(start, sandbox, command, sent):
    order = sandbox.order("hold")
    process = start(*command.split())
    # An update looks its trunk up first.
    await order.reached(timeout=20)
    if command.startswith("trunks update"):
        order.release()
        order = sandbox.order("hold")
        await order.reached(timeout=20)
    process.send_signal(sent)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 128 + sent
    assert said.endswith("\n  The outcome is unknown: look before you give the command again.\n")


@pytest.mark.usefixtures("either_loop")
def test_ctrl_c_during_the_demo(start):
    process = start("demo", "--trunks", 5000)
    assert process.stderr.readline().startswith("A sandbox that imitates the vendor listens at http://127.0.0.1:")
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert said.endswith("Interrupted.\n")
    assert "Traceback" not in said


@pytest.mark.parametrize("raised", [KeyboardInterrupt, typer.Abort])
def test_whatever_says_interrupted(itnio, monkeypatch, raised):
    def interrupt(*_, **__):
        raise raised

    monkeypatch.setattr("itnio_async.cli.account.AccountOptions.access", interrupt)
    result = itnio("sign")
    assert (result.status, result.err) == (130, "Interrupted.\n")


# -- terminals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 80, 120])
def test_nothing_is_wider_than_the_terminal(sandbox, width):
    with Terminal("trunks", "list", width=width) as terminal:
        assert terminal.end() == 0
    assert "trunk00012" in terminal.shown
    assert max(map(len, terminal.shown.splitlines())) <= width
    assert ("Updated" in terminal.shown) == (width == 120)


def test_a_terminal_gets_a_progress_bar_and_a_table():
    with Terminal("demo", "--trunks", 20) as terminal:
        assert terminal.end() == 0
    assert "20 of 20" in terminal.shown
    assert re.search(r"^Updated +20 +\d+ +read back", terminal.shown, re.MULTILINE)


def test_ctrl_c_at_a_prompt():
    with Terminal("sign") as terminal:
        terminal.wait_for("API key")
        assert terminal.interrupt() == 130
    assert "Traceback" not in terminal.shown


def test_a_prompt_asks_for_the_credentials_and_hides_the_secret():
    with Terminal("sign", "--at", 1630468800) as terminal:
        terminal.wait_for("API key")
        terminal.press("bDqJFiq9\n")
        terminal.wait_for_hidden("API secret")
        terminal.press("7bz1lzh9\n")
        assert terminal.end() == 0
    assert "Sign: 05d7a50893e22a5c4bb3216ae3396c7c" in terminal.shown
    assert "7bz1lzh9" not in terminal.shown


def test_a_password_that_the_listing_hides_is_asked_for(sandbox):
    sandbox.assumptions.listed_password = "masked"
    with Terminal("trunks", "update", 3, "--sip-prefix", "44") as terminal:
        terminal.wait_for_hidden("SIP password")
        terminal.press("typed-in-here\n")
        assert terminal.end() == 0
    assert sandbox.trunk(3).sip_prefix == "44"
    assert sandbox.trunk(3).sip_password == "typed-in-here"
    assert "typed-in-here" not in terminal.shown


# -- completion -------------------------------------------------------------------------------------------------------


def completed(shell, line):
    environment = {
        **os.environ,
        "_ITNIO_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    return subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=False, timeout=60).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("itnio tru", ["trunks"]),
        ("itnio trunks e", ["export"]),
        ("itnio trunks list --whe", ["--where"]),
        ("itnio trunks list --output js", ["json", "jsonl"]),
    ],
)
def test_completion(shell, line, expected):
    shown = completed(shell, line)
    assert [word for word in expected if word in shown] == expected


def test_each_completion_is_one_line():
    assert [line.split("\t")[0] for line in completed("fish", "itnio trunks list --").splitlines()][:3] == [
        "--type",
        "--sip-trunk-name",
        "--where",
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell(shell):
    environment = {**os.environ, "_ITNIO_COMPLETE": f"source_{shell}"}
    script = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=False, timeout=60).stdout
    assert f"_ITNIO_COMPLETE=complete_{shell}" in script


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trunks", "list", "--limit", "x"], "'x' is not a"),
        (["trunks", "list", "--limit", "1.5"], "'1.5' is not a"),
        (["trunks", "list", "--limit", "0"], "0"),
        (["trunks", "list", "--timeout", "soon"], "'soon' is not a"),
        (["trunks", "list", "--type", "both"], "'both' is not one of 'outbound', 'inbound'."),
        (["sandbox", "--port", "99999"], "99999"),
        (["sign", "--at", "now"], "now"),
    ],
)
def test_wrong_values_are_told_in_our_words(itnio, arguments, said):
    result = itnio(*arguments)
    assert (result.status, result.out) == (1, "")
    assert said in result.err.splitlines()[-1]
    assert not re.search("Value error|Input should|pydantic|parse", result.err)
