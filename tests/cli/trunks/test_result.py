"""The end of a job with `--json`: whatever ends it, the last line is a `result` with the exit status of the process."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from contextlib import nullcontext

import pytest
import typer

from cli.conftest import COMMAND
from cli.test_run import TRUNKS
from cli.trunks.test_apply import sent
from itnio_async.bulk import Job
from itnio_async.cli import main
from itnio_async.cli.app import is_job_with_json

JOBS = ["apply", "set", "undo"]
SHAPE = {
    *("event", "time", "source", "host", "api_key", "created", "running", "seconds", "conclusion", "rows", "bad"),
    *("retries", "read_back", "canary", "runs", "drifted", "counts", "reasons", "not_as_wanted", "ended", "error"),
    *(
        "secrets_kept",
        "temporary_names",
        "code",
        "text",
        "notes",
        "journal",
        "failed",
        "html",
        "changes",
        "exit_status",
    ),
}
INTERRUPTS_AT_A_MODULE = """
import signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Finder())
"""


@pytest.fixture
def job(itnio, sandbox, csv, tmp_path, monkeypatch):
    """Gives the arguments with which each of the commands would update trunk 1, and its options."""

    def arguments(command, *options):
        if command == "set":
            return ["trunks", "set", "sip_prefix=00", "--where", "name=trunk00001", "--json", *options]
        file = csv("key_id,sip_prefix", "1,00")
        if command == "apply":
            return ["trunks", "apply", file, "--json", *options]
        before = tmp_path / "before.journal"
        if not before.exists():
            assert itnio("trunks", "apply", file, "--yes", "--journal", before).status == 0
        return ["trunks", "undo", before, "--json", *options]

    return arguments


@pytest.fixture
def ended(capsys):
    """Runs the command, and gives its exit status and its result; a fault of the package counts as Python has it."""

    def run(*arguments, fault=None):
        capsys.readouterr()
        status = 1
        with nullcontext() if fault is None else pytest.raises(fault):
            status = main(list(map(str, arguments)))
        end = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert end.keys() == SHAPE
        assert (end["event"], end["exit_status"]) == ("result", status)
        return status, end

    return run


def raises(error):
    def fail(*_, **__):
        raise error

    return fail


def test_these_are_the_jobs(itnio):
    have_it = [name for name in TRUNKS if "--heartbeat" in itnio(*name.split(), "--help").out]
    assert have_it == [name for name in TRUNKS if is_job_with_json([*name.split(), "--json"])]
    assert {name.split()[1] for name in have_it} == set(JOBS)


BAD_OPTIONS = [
    "--nonsense",
    "--canary many",
    "--canary -1",
    "--concurrency 0",
    "--concurrency 1e3",
    "--max-failures -1",
    "--max-changes few",
    "--max-changes -1",
    "--timeout soon",
    "--timeout 0",
    "--journal",
    "--rate never",
    "--rate 0",
    "--keep-trying long",
    "--heartbeat often",
    "--until noon",
    "--window 1-2",
    "--html nowhere/page.html",
    "--failed failed.ods",
    "--failed one.csv --changes one.csv",
    "--profile nobody",
    "--secret-file nowhere",
    "--profile nobody --secret-file nowhere",
    "--base-url ftp://localhost",
    "--base-url http://vendor.example",
    "-v -q",
]


@pytest.mark.parametrize("options", BAD_OPTIONS)
@pytest.mark.parametrize("command", JOBS)
def test_options_that_cannot_be(ended, job, sandbox, command, options):
    arguments = job(command, "--yes", *options.split())
    before = len(sandbox.requests)
    status, end = ended(*arguments)
    assert (status, end["ended"], len(sandbox.requests)) == (1, "error", before)
    assert end["text"]


@pytest.mark.parametrize("command", JOBS)
def test_a_usage_error_is_in_its_words(ended, job, command):
    _, end = ended(*job(command, "--yes", "--canary", "many"))
    assert end["error"] == "CommandError"
    assert end["text"].startswith("Invalid value for '--canary': ")


@pytest.mark.parametrize("command", JOBS)
def test_no_argument(ended, sandbox, command):
    status, end = ended("trunks", command, "--json", "--yes")
    assert (status, end["ended"], sandbox.requests) == (1, "error", [])
    assert "Missing argument" in end["text"]


@pytest.mark.parametrize("command", ["apply", "undo"])
def test_an_argument_too_many(ended, job, command):
    assert ended(*job(command, "--yes", "another"))[0] == 1


@pytest.mark.parametrize("arguments", ["prefix", "sip_password=1", "prefix=00 prefix=01", "colour=red"])
def test_assignments_that_cannot_be(ended, sandbox, tmp_path, arguments):
    page = tmp_path / "page.html"
    for where in (["--all"], ["--where", "colour=red"], []):
        status, end = ended("trunks", "set", *arguments.split(), *where, "--json", "--yes", "--html", page)
        assert (status, end["ended"], end["html"], sandbox.requests) == (1, "error", str(page), [])
        page.unlink()


@pytest.mark.parametrize("command", JOBS)
def test_ends_of_the_job(ended, job, sandbox, command, monkeypatch):
    done = sent(sandbox) + (command == "undo")
    for options, status, how in [
        ((), 1, "error"),  # nobody can be asked
        (("--dry-run",), 2, "dry_run"),
        (("--yes", "--max-changes", 0), 1, "error"),
    ]:
        found, end = ended(*job(command, *options))
        assert (found, end["ended"], sent(sandbox)) == (status, how, done)
    monkeypatch.setenv("ITNIO_API_SECRET", "another-made-up-secret")
    _, end = ended(*job(command, "--yes"))
    assert (end["error"], end["code"]) == ("AuthenticationError", -1)
    monkeypatch.delenv("ITNIO_API_SECRET")
    assert ended(*job(command, "--yes"))[1]["error"] == "ConfigurationError"
    monkeypatch.delenv("ITNIO_API_KEY")
    assert ended(*job(command, "--yes"))[1]["error"] == "CommandError"
    assert sent(sandbox) == done


@pytest.mark.parametrize("command", JOBS)
def test_nobody_answers(ended, job, command):
    arguments = job(command, "--yes", "--keep-trying", "0.01s", "--base-url", "http://127.0.0.1:1")
    status, end = ended(*arguments)
    assert (status, end["ended"], end["error"]) == (1, "error", "ConnectError")


@pytest.mark.parametrize("where", ["account.AccountOptions.access", "lazy_commands.import_module"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort(), EOFError()])
@pytest.mark.parametrize("command", JOBS)
def test_interrupted_before_it_begins(ended, job, monkeypatch, command, where, error):
    arguments = job(command, "--yes")
    monkeypatch.setattr(f"itnio_async.cli.{where}", raises(error))
    status, end = ended(*arguments)
    assert (status, end["ended"], end["text"]) == (130, "stopped", "Interrupted.")


FAULTS = [
    "lazy_commands.import_module",
    "account.AccountOptions.access",
    "trunks.when.WhenOptions.when",
    "trunks.report_files.write_html",
    "trunks.session.counts_of",
    "trunks.session.Job.run",
    "trunks.session.KnownJob.tell_result",
]


@pytest.mark.parametrize("where", FAULTS)
@pytest.mark.parametrize("command", JOBS)
def test_a_fault_of_the_package(ended, job, tmp_path, monkeypatch, command, where):
    options = ("--dry-run", "--html", tmp_path / "page.html") if where.endswith("write_html") else ("--yes",)
    arguments = job(command, *options)
    monkeypatch.setattr(f"itnio_async.cli.{where}", raises(ZeroDivisionError("Hush-hush")))
    status, end = ended(*arguments, fault=ZeroDivisionError)
    assert (status, end["ended"], end["error"]) == (1, "error", "ZeroDivisionError")
    assert "ush" not in json.dumps(end)


def test_a_fault_after_updates_were_sent(ended, job, sandbox, tmp_path, monkeypatch):
    page = tmp_path / "page.html"
    run = Job.run

    async def run_and_fail(self):
        await run(self)
        raise ZeroDivisionError

    monkeypatch.setattr(Job, "run", run_and_fail)
    arguments = job("apply", "--yes", "--journal", tmp_path / "job.journal", "--html", page)
    _, end = ended(*arguments, fault=ZeroDivisionError)
    assert (sent(sandbox), end["counts"]["done"], end["counts"]["waiting"]) == (1, 1, 0)
    assert (end["journal"], end["html"], page.exists()) == (str(tmp_path / "job.journal"), str(page), True)


@pytest.mark.parametrize("command", JOBS)
def test_as_a_process(job, command):
    for options, status in (("--canary many", 1), ("--dry-run", 2), ("--yes", 0)):
        arguments = [*COMMAND, *map(str, job(command, *options.split()))]
        process = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        end = json.loads(process.stdout.splitlines()[-1])
        assert (end["event"], end["exit_status"], process.returncode) == ("result", status, status)


@pytest.mark.parametrize("command", JOBS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_before_it_begins(start, job, sandbox, command, number):
    arguments = job(command, "--yes")
    order = sandbox.order("hold,endpoint=query")
    process = start(*arguments)
    asyncio.run(order.reached(timeout=20))
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    end = json.loads(out.splitlines()[-1])
    assert (process.returncode, end["ended"], end["exit_status"]) == (128 + number, "stopped", 128 + number)


@pytest.fixture
def interrupted_at(tmp_path, monkeypatch):
    """Has the processes of the test interrupted when they load a module."""

    def interrupt(module):
        # Python looks for such a file when it starts.
        (tmp_path / "sitecustomize.py").write_text(INTERRUPTS_AT_A_MODULE.format(module=module))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return interrupt


@pytest.mark.parametrize("module", ["itnio_async.cli.trunks.apply", "itnio_async.bulk.journal.lines", "tenacity.stop"])
def test_ctrl_c_while_the_modules_of_the_command_are_loaded(start, job, interrupted_at, module):
    arguments = job("apply", "--yes")
    interrupted_at(module)
    out, said = start(*arguments).communicate(timeout=30)
    end = json.loads(out)
    assert (end["ended"], end["exit_status"], end["text"]) == ("stopped", 130, "Interrupted.")
    assert said == "Interrupted.\n"


@pytest.mark.parametrize("module", ["typer.main", "itnio_async.cli.app"])
def test_ctrl_c_before_the_command_is_known(start, interrupted_at, module):
    interrupted_at(module)
    process = start("codes")
    assert (process.communicate(timeout=30), process.returncode) == (("", ""), 130)


@pytest.mark.parametrize(
    "arguments",
    ["trunks list --json --nonsense", "trunks apply --nonsense", "trunks apply --yes -- --json", "codes --json x"],
)
def test_other_commands_have_no_result(itnio, arguments):
    result = itnio(*arguments.split())
    assert (result.status, result.out) == (1, "")


def test_help_is_no_end(itnio):
    result = itnio("trunks", "apply", "--json", "--help")
    assert (result.status, '"event"' in result.out) == (0, False)
