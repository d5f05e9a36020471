"""`itnio trunks apply` at a terminal: what it asks, Ctrl-C once and twice, and how it looks on a narrow one."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from cli.conftest import COMMAND
from cli.terminal import Terminal
from itnio_async.bulk import RowState, read_journal
from itnio_async.cli.interrupts import interruptible


@pytest.fixture
def rows(csv):
    return csv("key_id,sip_prefix", *(f"{key_id},00" for key_id in range(1, 13)))


def updates(sandbox):
    return sum(request.path.endswith("/update") for request in sandbox.requests)


def states(journal):
    return [row.state for row in read_journal(journal).rows]


@pytest.mark.parametrize(("answer", "status", "sent"), [("y", 0, 12), ("n", 2, 0), ("", 2, 0)])
def test_it_names_account_and_host_and_asks(sandbox, rows, journal, answer, status, sent):
    with Terminal("trunks", "apply", rows, "--journal", journal) as terminal:
        terminal.wait_for("[y/N]")
        host = sandbox.url.removeprefix("http://")
        assert f"Update 12 trunks of the account {sandbox.api_key[:3]}*** at {host}?" in terminal.shown
        terminal.press(f"{answer}\n")
        assert terminal.end() == status
    assert updates(sandbox) == sent


@pytest.mark.parametrize(("answer", "status", "sent"), [("y", 0, 2), ("n", 2, 0)])
def test_it_asks_on_the_terminal_although_rows_come_by_a_pipe(sandbox, journal, answer, status, sent):
    rows = "key_id,sip_prefix\n1,00\n2,00\n"
    with Terminal("trunks", "apply", "-", "--journal", journal, "--canary", 1, piped=rows) as terminal:
        terminal.wait_for("[y/N]")
        terminal.press(f"{answer}\n")
        if answer == "y":
            terminal.wait_for("Go on with the others?")
            terminal.press("y\n")
        assert terminal.end() == status
    assert updates(sandbox) == sent


def test_ctrl_c_at_the_question_with_rows_from_a_pipe(sandbox, journal):
    with Terminal("trunks", "apply", "-", "--journal", journal, piped="key_id,sip_prefix\n1,00\n") as terminal:
        terminal.wait_for("[y/N]")
        assert terminal.interrupt() == 130
    assert updates(sandbox) == 0


def test_nobody_is_asked_where_there_is_no_terminal(sandbox, journal):
    apply = [*COMMAND, "trunks", "apply", "-", "--journal", str(journal)]
    rows = "key_id,sip_prefix\n1,00\n"
    result = subprocess.run(apply, input=rows, capture_output=True, text=True, timeout=30, start_new_session=True)
    assert result.returncode == 1
    assert "there is nobody to ask: this process has no terminal" in result.stderr
    assert updates(sandbox) == 0


@pytest.mark.usefixtures("either_loop")
def test_ctrl_c_at_the_question(sandbox, rows, journal):
    with Terminal("trunks", "apply", rows, "--journal", journal) as terminal:
        terminal.wait_for("[y/N]")
        assert terminal.interrupt() == 130
    assert updates(sandbox) == 0
    assert not journal.exists()


@pytest.mark.usefixtures("either_loop")
def test_ctrl_c_once_lets_those_under_way_finish(sandbox, rows, journal):
    order = sandbox.order("hold,endpoint=update")
    with Terminal("trunks", "apply", rows, "--journal", journal, "--yes", "--concurrency", 2) as terminal:
        asyncio.run(order.reached(2, timeout=20))
        terminal.wait_for("0 of 12")
        terminal.press("\x03")
        terminal.wait_for("Press Ctrl-C again")
        order.release()
        assert terminal.end() == 130
        assert "The job ended early: stopped." in terminal.shown
        assert "Run the same command again to go on with the rows that are left." in terminal.shown
    assert updates(sandbox) == 2
    assert states(journal) == [RowState.DONE] * 2 + [RowState.WAITING] * 10


@pytest.mark.usefixtures("either_loop")
def test_ctrl_c_twice_cuts_them_off(sandbox, rows, journal):
    order = sandbox.order("hold,endpoint=update")
    with Terminal("trunks", "apply", rows, "--journal", journal, "--yes", "--concurrency", 2) as terminal:
        asyncio.run(order.reached(2, timeout=20))
        terminal.press("\x03")
        terminal.wait_for("Press Ctrl-C again")
        terminal.press("\x03")
        assert terminal.end() == 130
        assert "stopped at once" in terminal.shown
    order.release()
    assert sorted({state.value for state in states(journal)}) == ["unknown", "waiting"]


@pytest.mark.usefixtures("either_loop")
def test_ctrl_c_while_the_trunks_are_read_for_the_plan(sandbox, rows, journal):
    order = sandbox.order("hold,endpoint=query")
    with Terminal("trunks", "apply", rows, "--journal", journal, "--yes") as terminal:
        asyncio.run(order.reached(1, timeout=20))
        assert terminal.interrupt() == 130
    order.release()
    assert not journal.exists()


@pytest.mark.usefixtures("either_loop")
def test_ctrl_c_twice_while_they_are_read_once_more(sandbox, rows, journal):
    with Terminal("trunks", "apply", rows, "--journal", journal) as terminal:
        terminal.wait_for("[y/N]")
        order = sandbox.order("hold,endpoint=query")
        terminal.press("y\n")
        asyncio.run(order.reached(1, timeout=20))
        terminal.press("\x03")
        terminal.wait_for("Press Ctrl-C again")
        terminal.press("\x03")
        assert terminal.end() == 130
    order.release()
    assert set(states(journal)) == {RowState.WAITING}


@pytest.mark.usefixtures("either_loop")
@pytest.mark.parametrize(
    ("sent", "status", "text"),
    [
        (signal.SIGINT, 130, "Interrupted."),
        (signal.SIGTERM, 143, "Interrupted by SIGTERM."),
        (signal.SIGHUP, 129, "Interrupted by SIGHUP."),
    ],
)
def test_a_signal_where_nobody_looks(start, sandbox, rows, journal, sent, status, text):
    order = sandbox.order("hold,endpoint=update")
    process = start("trunks", "apply", rows, "--journal", journal, "--yes", "--concurrency", 2)
    asyncio.run(order.reached(2, timeout=20))
    process.send_signal(sent)
    line = process.stderr.readline()
    while "Press Ctrl-C again" not in line:
        assert line
        line = process.stderr.readline()
    order.release()
    out, said = process.communicate(timeout=20)
    assert process.returncode == status
    assert said.endswith(f"Run the same command again to go on with the rows that are left.\n{text}\n")
    assert "Done\t2\t" in out
    assert "Not sent\t10\t" in out


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_while_the_trunks_are_read(start, sandbox, rows, journal, sent, status):
    order = sandbox.order("hold,endpoint=query")
    process = start("trunks", "apply", rows, "--journal", journal, "--yes")
    asyncio.run(order.reached(1, timeout=20))
    process.send_signal(sent)
    _, said = process.communicate(timeout=20)
    order.release()
    assert (process.returncode, said) == (status, f"Interrupted by {sent.name}.\n")


def test_a_signal_that_is_ignored_stays_so(start, sandbox, rows, journal):
    order = sandbox.order("hold,endpoint=update")
    process = start(
        *("trunks", "apply", rows, "--journal", journal, "--yes", "--concurrency", 2),
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    asyncio.run(order.reached(2, timeout=20))
    process.send_signal(signal.SIGHUP)
    order.release()
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Stopping" not in said


def test_a_terminal_that_is_closed(sandbox, rows, journal, tmp_path):
    sandbox.order("minus23,key_id=1")
    sandbox.order("wait,endpoint=update,seconds=0.5")  # all of them take three seconds, and a signal no time
    failed = tmp_path / "failed.csv"
    arguments = ("trunks", "apply", rows, "--journal", journal, "--yes", "--concurrency", 2, "--failed", failed)
    with Terminal(*arguments) as terminal:
        terminal.wait_for("0 of 12")
        terminal.close()
        assert terminal.process.wait(timeout=20) == 129
    assert RowState.SENT not in states(journal)
    assert RowState.WAITING in states(journal)
    assert failed.read_text().splitlines()[1].startswith("1,00,-23,")


def test_signals_are_left_alone_in_other_threads():
    before = signal.getsignal(signal.SIGINT)

    def within():
        with interruptible():
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(within).result() is before


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(sandbox, csv, journal, width):
    sandbox.order("wait,endpoint=update,seconds=0.2")
    file = csv("key_id,sip_gateway_ip", *(f"{key_id},10.0.0.11" for key_id in (1, 3, 5, 7, 9)))
    arguments = ("trunks", "apply", file, "--journal", journal, "--yes", "--concurrency", 1)
    with Terminal(*arguments, width=width) as terminal:
        assert terminal.end() == 3
        shown = terminal.shown
    assert "5 of 5, 5 refused" in shown
    assert ("line 6 trunk00009: -53 Duplicate binding sip gateway ip" in shown) is (width > 40)
    drawn = [line for line in re.split("[\r\n]", shown) if "of 5" in line or "━" in line or " trunk0000" in line]
    assert len(drawn) > 10
    assert max(map(len, drawn)) <= width


@pytest.mark.parametrize(("answer", "status", "sent"), [("y\n", 0, 12), ("n\n", 4, 2), ("\x03", 130, 2)])
def test_the_canary_is_shown_and_asked_about(sandbox, rows, journal, answer, status, sent):
    with Terminal("trunks", "apply", rows, "--journal", journal, "--canary", 2) as terminal:
        terminal.wait_for("[y/N]")
        terminal.press("y\n")
        terminal.wait_for("Go on with the others?")
        assert "as wanted" in terminal.shown
        if answer == "\x03":
            assert terminal.interrupt("The job ended early") == status
        else:
            terminal.press(answer)
            assert terminal.end() == status
    assert updates(sandbox) == sent


@pytest.mark.parametrize(("typed", "status", "sent"), [("12\n", 0, 12), ("y\n", 2, 0), ("11\n", 2, 0)])
def test_the_vendors_hosts_want_the_number_typed(itnio, sandbox, rows, on_terminal, monkeypatch, typed, status, sent):
    monkeypatch.setattr("itnio_async.cli.trunks.session.is_vendor", lambda host: host == "127.0.0.1")
    asked = []
    monkeypatch.setattr("typer.prompt", lambda text, *, err: (asked.append(text), typed)[1])
    assert itnio("trunks", "apply", rows).status == status
    assert updates(sandbox) == sent
    assert asked[0].endswith("Type the number of trunks to go on")
    assert "12 trunks of the account" in asked[0]
