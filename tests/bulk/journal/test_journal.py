"""The journal: what is on the disk when, and who may use it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings, strategies as st
from support.scripted import ticks
from support.trunks import groups, row

from itnio_async import SipTrunk
from itnio_async.bulk.files.places import BadRow, Place
from itnio_async.bulk.identity import Identity, digest_of
from itnio_async.bulk.journal.journal import (
    Journal,
    JournalBusyError,
    JournalError,
    JournalHeader,
    JournalMismatchError,
    JournalRow,
    Result,
    RowState,
    default_journal_path,
    has_journal,
    read_journal,
)
from itnio_async.bulk.journal.lock import is_locked
from itnio_async.bulk.journal.paths import network_file_system
from itnio_async.bulk.journal.rows import Run, RunEnd
from itnio_async.bulk.plan.undo import plan_undo
from itnio_async.bulk.report.page import html_of
from itnio_async.bulk.report.report import report_of
from itnio_async.errors import ConfigurationError

HEADER = JournalHeader(
    source="trunks.csv", rows="digest", host="127.0.0.1:1", api_key="key***", account="a1", endpoint="POST /update"
)
IDENTITY = Identity(host=HEADER.host, api_key="key***", account="a1", key=b"")
DONE = Result.done(attempts=1, elapsed=0.1, ended=10.0)


def rows(count=3):
    return [
        JournalRow(
            id=number,
            place=Place("trunks.csv", number + 2),
            key_id=number + 1,
            trunk_name=f"t{number}",
            before={"sip_prefix": None},
            after={"sip_prefix": "9"},
            result=Result(state=RowState.WAITING),
        )
        for number in range(count)
    ]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "rows.journal"


@pytest.fixture
async def opened(path):
    journal = await Journal.open(path, HEADER, rows())
    yield journal
    await journal.aclose()


def states(path):
    return [row.state for row in read_journal(path).rows]


async def test_what_is_written_is_read_again(path, opened):
    assert opened.is_new
    refused = Result(state=RowState.REFUSED, code=-47, error="ConflictError", reason="taken", attempts=2, ended=11.0)
    await opened.mark([0, 1])
    opened.settle(0, DONE)
    opened.settle(1, refused)
    await opened.write([rows()[2]._replace(before={"sip_prefix": "1"}, after={"sip_prefix": "2"})])
    await opened.write([rows()[0]._replace(result=DONE, verified=True)])
    contents = read_journal(path)
    assert contents.is_running
    assert contents.header == HEADER
    first, second, third = contents.rows
    assert first == rows()[0]._replace(result=DONE, verified=True)
    assert second == rows()[1]._replace(result=refused)
    assert third == rows()[2]._replace(before={"sip_prefix": "1"}, after={"sip_prefix": "2"})
    assert await opened.rows(RowState.WAITING) == [third]


async def test_a_mark_is_on_the_disk_when_it_returns_and_without_a_result_the_row_is_unknown(path, opened):
    await opened.mark([1])
    assert states(path) == [RowState.WAITING, RowState.SENT, RowState.WAITING]
    await opened.aclose()
    assert not read_journal(path).is_running
    assert states(path)[1] is RowState.UNKNOWN
    again = await Journal.open(path, HEADER, rows())
    try:
        assert not again.is_new
        (unknown,) = await again.rows(RowState.UNKNOWN)
        assert unknown.id == 1
        assert "before the answer was noted" in unknown.result.reason
    finally:
        await again.aclose()


async def test_results_reach_the_disk_by_themselves_within_50_ms(path, opened):
    loop = asyncio.get_running_loop()
    began = loop.time()
    opened.settle(0, DONE)
    opened.settle(1, DONE)
    while states(path)[:2] != [RowState.DONE, RowState.DONE]:
        assert loop.time() - began < 5
        await asyncio.sleep(0.002)
    # A machine that is busy with other tests may take longer than the 50 ms.
    assert loop.time() - began < 0.5


@pytest.mark.parametrize("idempotent", [True, False])
async def test_commits_wait_for_the_disk_where_a_repeat_would_do_harm(path, idempotent):
    journal = await Journal.open(path, HEADER, rows(), idempotent=idempotent)
    try:
        database = journal._table._database
        level, mode = await journal._in_thread(
            lambda: [database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]
        )
        assert (level, mode) == (1 if idempotent else 2, "wal")
    finally:
        await journal.aclose()


async def test_a_loss_of_power_costs_no_more_than_a_megabyte(path, tmp_path):
    many = rows(3000)
    journal = await Journal.open(path, HEADER, many)
    for _ in range(12):
        await journal.write([row._replace(result=DONE) for row in many])
    # Without the log beside it, which the disk may not have got; by another process, since this one has locks on it.
    left = tmp_path / "left.journal"
    assert await (await asyncio.create_subprocess_exec("cp", path, left)).wait() == 0
    await journal.aclose()
    assert {row.state for row in read_journal(left).rows} == {RowState.DONE}
    assert len(read_journal(left).rows) == 3000


async def test_every_file_is_its_owners_alone(path, opened):
    opened.settle(0, DONE)
    await opened.flush()
    files = list(path.parent.iterdir())
    assert {file.suffix for file in files} >= {".journal", ".lock", ".journal-wal"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


# -- whose it is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"rows": "other"}, "is of other rows.*Give another --journal"),
        ({"plan": "p1"}, "is of other rows"),
        ({"host": "api.itniotech.com"}, "an account at 127.0.0.1:1, not at api.itniotech.com"),
        ({"account": "a2", "api_key": "new***"}, r"API key key\*\*\*, and this one is new\*\*\*.*--same-account"),
    ],
)
async def test_a_journal_of_something_else_is_refused(path, opened, change, text):
    await opened.aclose()
    with pytest.raises(JournalMismatchError, match=text):
        await Journal.open(path, attrs.evolve(HEADER, **change), rows())
    if "account" in change:
        again = await Journal.open(path, attrs.evolve(HEADER, **change), rows(), same_account=True)
        await again.aclose()


async def test_a_second_run_is_refused_in_this_process_and_another(path, opened):
    with pytest.raises(JournalBusyError, match="Another run has the journal"):
        await Journal.open(path, HEADER, rows())
    script = (
        "import asyncio, sys; from itnio_async.bulk.journal.journal import *\n"
        "header = JournalHeader(source='', rows='', host='', api_key='', account='', endpoint='')\n"
        "try: asyncio.run(Journal.open(sys.argv[1], header, []))\n"
        "except JournalBusyError: print('busy')"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert output == b"busy\n"
    # Whoever only asked has taken nothing away.
    await opened.mark([0])


@pytest.mark.parametrize("content", [b"no database at all, but long enough" * 50, None])
async def test_another_file_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "other"
    if content is None:
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE mine (x)")
    else:
        path.write_bytes(content)
    path.chmod(0o640)
    before, mode = path.read_bytes(), 0o640
    for attempt in (lambda: Journal.open(path, HEADER, rows()), lambda: asyncio.to_thread(read_journal, path)):
        with pytest.raises(JournalError, match="path"):
            await attempt()
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == mode


def make_earlier(path):
    """Make the journal at that path one of an earlier version."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 3")


async def test_a_journal_of_an_earlier_version_says_so_and_how_to_go_on(path, opened):
    await opened.aclose()
    make_earlier(path)
    before = path.read_bytes()
    for attempt in (lambda: Journal.open(path, HEADER, rows()), lambda: asyncio.to_thread(read_journal, path)):
        with pytest.raises(
            JournalMismatchError, match=r"by another version of itnio-async.*with that version.*another"
        ):
            await attempt()
    assert path.read_bytes() == before


async def test_one_at_the_default_path_is_set_aside_with_its_date(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = default_journal_path("trunks.csv", "digest", IDENTITY)
    await (await Journal.open(path, HEADER, rows())).aclose()
    make_earlier(path)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    before = path.read_bytes()
    assert not has_journal(path)
    with pytest.raises(JournalMismatchError, match="another version"):
        read_journal(path)
    journal = await Journal.open(path, HEADER, rows(2))
    try:
        assert journal.is_new
        (aside,) = path.parent.glob(f"{path.name}-2001-09-*")
        assert aside.read_bytes() == before
        assert str(aside) in journal.note
        assert len(read_journal(path).rows) == 2
    finally:
        await journal.aclose()


async def test_what_a_crash_left_beside_another_file_is_left_alone(tmp_path):
    """SQLite would clear it up, at the first look and at the last."""
    path, made = tmp_path / "other", tmp_path / "made"
    with closing(sqlite3.connect(made, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE mine (x)")
        for ending in ("", "-wal"):
            shutil.copy(f"{made}{ending}", f"{path}{ending}")
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    for attempt in (lambda: Journal.open(path, HEADER, rows()), lambda: asyncio.to_thread(read_journal, path)):
        with pytest.raises(JournalError, match="is not a journal"):
            await attempt()
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


async def test_a_journal_that_was_closed_can_be_read_where_nothing_can_be_written(path, opened):
    await opened.mark([0])
    assert path.with_name("rows.journal-wal").exists()
    await opened.aclose()
    assert {file.name for file in path.parent.iterdir()} == {"rows.journal", "rows.journal.lock"}
    script = (
        "import os, sys; from itnio_async.bulk import read_journal\n"
        "if os.geteuid() == 0: os.seteuid(65534)\n"  # modes do not hold root back
        "print(len(read_journal(sys.argv[1]).rows), os.access(sys.argv[1], os.W_OK, effective_ids=True))"
    )
    with tempfile.TemporaryDirectory() as directory:  # pytest's own is closed to others
        left = shutil.copytree(path.parent, Path(directory) / "left") / path.name
        for file, mode in (
            (left, 0o444),
            (Path(f"{left}.lock"), 0o444),
            (left.parent, 0o555),
            (Path(directory), 0o755),
        ):
            file.chmod(mode)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, str(left), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        output, _ = await process.communicate()
        left.parent.chmod(0o755)
    assert output == b"3 False\n"


async def test_a_journal_is_read_while_it_is_written(path):
    """Whoever looks sees whole commits: no row goes back to what it was, and none is missing."""
    ahead = {RowState.WAITING: 0, RowState.SENT: 1, RowState.DONE: 2}
    journal = await Journal.open(path, HEADER, rows(600))
    over, looked = threading.Event(), threading.Semaphore(0)

    def look():
        seen, looks = [0] * 600, 0
        while not over.is_set():
            contents = read_journal(path)
            now = [ahead[row.state] for row in contents.rows]
            assert contents.is_running
            assert len(now) == 600
            assert all(before <= after for before, after in zip(seen, now, strict=True))
            assert all(len(set(now[block : block + 20])) == 1 for block in range(0, 600, 20))
            seen, looks = now, looks + 1
            looked.release()
        return looks

    looking = asyncio.ensure_future(asyncio.to_thread(look))
    try:
        for block in range(0, 600, 20):
            await journal.mark(range(block, block + 20))
            for number in range(block, block + 20):
                journal.settle(number, DONE)
            await journal.flush()
            if block % 100 == 0:  # at least so many looks fall into the writing
                assert await asyncio.to_thread(looked.acquire, timeout=10)
    finally:
        over.set()
    assert await looking >= 6
    await journal.aclose()


async def test_a_look_from_the_same_process_takes_no_lock_away(path, opened):
    """A file that is opened and closed loses all locks of its process: another program would clear up beside a run."""
    await opened.mark([0])
    assert has_journal(path)
    assert read_journal(path).is_running
    script = (
        "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('SELECT * FROM row').fetchall(); d.close()"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(path))
    assert await process.wait() == 0
    assert path.with_name("rows.journal-wal").exists()
    opened.settle(0, DONE)
    await opened.flush()
    assert states(path)[0] is RowState.DONE


def test_no_journal_there(tmp_path):
    with pytest.raises(JournalError, match="There is no journal"):
        read_journal(tmp_path / "none")


async def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="Give a path that can be written to"):
        await Journal.open(tmp_path / "file" / "rows.journal", HEADER, rows())


async def test_rows_that_cannot_be_made_leave_nothing_behind(path):
    def bad():
        yield rows()[0]
        raise ConfigurationError("bad rows")

    with pytest.raises(ConfigurationError, match="bad rows"):
        await Journal.open(path, HEADER, bad())
    # As after a crash while it is made.
    assert path.exists()
    assert not has_journal(path)
    with pytest.raises(JournalError, match="There is no journal"):
        read_journal(path)
    again = await Journal.open(path, HEADER, rows())
    assert again.is_new
    await again.aclose()
    assert has_journal(path)


# -- a full disk ------------------------------------------------------------------------------------------------------


async def leave_room_for(journal, pages):
    """Let the database grow by so many pages and no more, as on a disk that fills up."""
    database = journal._table._database
    used = await journal._in_thread(lambda: database.execute("PRAGMA page_count").fetchone()[0])
    await journal._in_thread(lambda: database.execute(f"PRAGMA max_page_count = {used + pages}"))


async def test_a_full_disk_stops_the_marks_and_keeps_what_was_written(path):
    journal = await Journal.open(path, HEADER, rows(300))
    await journal.mark(range(2))
    await leave_room_for(journal, 0)
    journal.settle(0, DONE)
    await journal.flush()
    for number in range(2, 300):
        journal.settle(number, DONE._replace(reason="x" * 2000))
    with pytest.raises(JournalError, match=r"full.*Make room on the disk, then start the same command again"):
        await journal.mark([1])
    assert journal.error is not None
    with pytest.raises(JournalError):
        await journal.mark([2])
    await journal.aclose()
    assert journal.error is not None
    assert states(path)[:3] == [RowState.DONE, RowState.UNKNOWN, RowState.WAITING]
    assert journal.counts == Counter(states(path))


async def test_room_that_is_there_again_at_the_end_saves_the_results(path):
    journal = await Journal.open(path, HEADER, rows(300))
    await leave_room_for(journal, 0)
    for number in range(300):
        journal.settle(number, DONE._replace(reason="x" * 2000))
    with pytest.raises(JournalError):
        await journal.flush()
    await leave_room_for(journal, 100_000)
    await journal.aclose()
    assert journal.error is None
    assert set(states(path)) == {RowState.DONE}


async def test_a_mark_is_written_also_where_the_wait_for_it_is_cancelled(path, opened):
    marking = asyncio.ensure_future(opened.mark([0]))
    await asyncio.sleep(0)
    marking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await marking
    opened.settle(0, Result(state=RowState.WAITING))
    await opened.flush()
    assert states(path)[0] is RowState.WAITING


@pytest.mark.parametrize("results", [0, 1])
async def test_a_close_that_is_cancelled_has_closed_it_when_it_returns(path, results):
    journal = await Journal.open(path, HEADER, rows())
    for number in range(results):
        journal.settle(number, DONE)
    slow = threading.Event()
    journal._thread.submit(slow.wait)
    closing = asyncio.ensure_future(journal.aclose())
    await ticks(2)
    closing.cancel()
    asyncio.get_running_loop().call_later(0.02, slow.set)
    await asyncio.wait([closing])
    assert not read_journal(path).is_running
    assert states(path).count(RowState.DONE) == results


# -- where it lies ----------------------------------------------------------------------------------------------------

MOUNTS = r"""
22 1 254:0 / / rw - ext4 /dev/vda rw
40 22 0:40 / /home rw,relatime shared:1 - nfs4 server:/home rw
41 40 0:41 / /home/local\040disk rw - ext4 /dev/vdb rw
42 22 0:42 / /win rw - 9p drvfs rw
43 22 0:43 / /ssh rw - fuse.sshfs me@there rw
44 22 0:44 / /enc rw - fuse.gocryptfs enc rw
"""


@pytest.mark.parametrize(
    ("directory", "kind"),
    [
        ("/tmp", None),
        ("/home/me", "nfs4"),
        ("/home/local disk/me", None),
        ("/homeless", None),
        ("/win", "9p"),
        ("/ssh/x", "fuse.sshfs"),
        ("/enc/x", None),
    ],
)
def test_network_file_systems_are_known(directory, kind):
    assert network_file_system(directory, MOUNTS) == kind


async def test_on_a_network_file_system_there_is_no_write_ahead_log_and_it_says_so(path, monkeypatch):
    monkeypatch.setattr("itnio_async.bulk.journal.table.network_file_system", lambda _: "nfs4")
    journal = await Journal.open(path, HEADER, rows())
    await journal.mark([0])
    assert not path.with_name("rows.journal-wal").exists()
    assert "without SQLite's write-ahead log: it is on a network file system (nfs4)" in journal.note
    assert states(path)[0] is RowState.SENT
    await journal.aclose()


def test_the_default_place_is_the_users_state_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = default_journal_path("/data/my trunks.csv", "0123456789abcdef0123", IDENTITY)
    assert path == tmp_path / "itnio" / "journals" / "127.0.0.1_1" / "my_trunks.csv-0123456789abcdef.journal"


def test_the_digest_of_rows_knows_values_and_no_secrets():
    base = digest_of([row(2, 1, sip_prefix="9", sip_password="made-up-1")])
    assert digest_of([row(2, 1, sip_prefix="9", sip_password="made-up-2")]) == base
    assert digest_of([row(2, 1, sip_prefix="8", sip_password="made-up-1")]) != base
    assert digest_of([row(2, 1, sip_prefix="9")]) != base
    assert digest_of([row(3, 1, sip_prefix="9", sip_password="made-up-1")]) != base
    assert digest_of([row(2, 1, group_list=groups(1))]) != digest_of([row(2, 1, group_list=groups(2))])


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(RowState), st.text(max_size=5)), max_size=10))
def test_the_last_result_of_a_row_stands(steps):
    async def play(directory):
        path = os.path.join(directory, "j")  # noqa: PTH118
        journal = await Journal.open(path, HEADER, rows())
        try:
            for number, state, reason in steps:
                journal.settle(number, Result(state=state, reason=reason))
                if len(reason) == 3:
                    await journal.flush()
            return [row.result for row in await journal.rows()]
        finally:
            await journal.aclose()

    last = {number: (state, reason) for number, state, reason in steps}
    with tempfile.TemporaryDirectory() as directory:
        results = asyncio.run(play(directory))
    assert [(r.state, r.reason) for r in results] == [last.get(n, (RowState.WAITING, "")) for n in range(3)]


# -- for people with sqlite3 ------------------------------------------------------------------------------------------


async def test_a_line_shows_each_row_as_it_is_now(path, opened):
    refused = Result(
        state=RowState.REFUSED, code=-47, error="ConflictError", reason="taken", attempts=2, elapsed=1.0, ended=11.0
    )
    await opened.mark([0, 1, 2])
    opened.settle(0, DONE)
    opened.settle(1, refused)
    await opened.flush()
    with closing(sqlite3.connect(path)) as database:
        shown = database.execute(
            "SELECT source, line, key_id, name, state, code, error, reason, attempts, sent_at, ended_at, before, after "
            "FROM row ORDER BY id"
        ).fetchall()
        (of,) = database.execute("SELECT source, host, api_key FROM header")
    both = ('{"sip_prefix":null}', '{"sip_prefix":"9"}')
    assert shown[:2] == [
        ("trunks.csv", 2, 1, "t0", "done", None, None, "", 1, 9.9, 10.0, *both),
        ("trunks.csv", 3, 2, "t1", "refused", -47, "ConflictError", "taken", 2, 10.0, 11.0, *both),
    ]
    *third, sent, ended, _, _ = shown[2]
    assert (third, ended) == (["trunks.csv", 4, 3, "t2", "sent", None, None, "", 0], None)
    assert abs(sent - time.time()) < 60
    assert of == ("trunks.csv", "127.0.0.1:1", "key***")


async def test_half_characters_become_question_marks_in_whatever_a_journal_keeps(path):
    odd, written = "lat\udcfc", "lat?"
    row = rows(1)[0]._replace(place=Place(odd, 2), trunk_name=odd, before={"sip_prefix": odd}, read_back=odd)
    result = Result(RowState.REFUSED, reason=odd, temporary=odd, ended=11.0)
    bad = BadRow(Place(odd, 3, odd), odd, None, {odd: odd})
    journal = await Journal.open(path, attrs.evolve(HEADER, source=odd), [row])
    await journal.begin(Run(by=odd, began=1.0, options={odd: [odd, 2**70]}), [bad])
    journal.settle(0, result)
    await journal.aclose(RunEnd(ended=2.0, how="error", reason=odd))
    contents = read_journal(path)
    assert contents.header.source == written
    (row,) = contents.rows
    assert {row.place.file, row.trunk_name, row.before["sip_prefix"], row.read_back} == {written}
    assert {row.result.reason, row.result.temporary} == {written}
    (run,) = contents.runs
    assert (run.by, run.end.reason, dict(run.options)) == (written, written, {written: [written, 2**70]})
    assert list(contents.bad) == [BadRow(Place(written, 3, written), written)]
    assert contents.bad[0].cells == {written: written}


async def test_numbers_longer_than_sqlites_are_kept_whole(path):
    key_id, code = 2**64 - 1, -(2**70)
    made = [rows()[0]._replace(key_id=key_id, result=Result(state=RowState.REFUSED, code=code))]
    await (await Journal.open(path, HEADER, made)).aclose()
    assert read_journal(path).rows == tuple(made)


async def open_and_read(path):
    journal = await Journal.open(path, HEADER, rows())
    try:
        await journal.rows()
    finally:
        await journal.aclose()


# -- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE row SET state = 'dona' WHERE id = 1",
        "UPDATE row SET state = NULL WHERE id = 1",
        "UPDATE row SET code = x'00' WHERE id = 1",
        "UPDATE row SET code = 'minus one' WHERE id = 1",
        "UPDATE row SET reason = NULL WHERE id = 1",
        "UPDATE row SET reason = CAST(x'ff' AS TEXT) WHERE id = 1",
        "UPDATE row SET attempts = 'two' WHERE id = 1",
        "UPDATE row SET ended_at = 1e300 WHERE id = 1",
        "UPDATE row SET elapsed = -1 WHERE id = 1",
        "UPDATE row SET line = 'x' WHERE id = 1",
        "UPDATE row SET before = '{' WHERE id = 1",
        "UPDATE row SET before = '[]' WHERE id = 1",
        """UPDATE row SET after = '{"sip_prefiy":"9"}' WHERE id = 1""",
        """UPDATE row SET after = '{"group_list":[{"voice_group":1}]}' WHERE id = 1""",
        "UPDATE row SET secrets = '7' WHERE id = 1",
        "UPDATE row SET id = 7 WHERE id = 2",
        "DELETE FROM row WHERE id = 1",
        "UPDATE header SET host = NULL",
        "UPDATE header SET created = 'yesterday'",
        "DELETE FROM header",
        "INSERT INTO header SELECT * FROM header",
        "DROP TABLE row",
        "ALTER TABLE row RENAME COLUMN code TO kode",
    ],
)
async def test_what_cannot_be_is_damage(path, opened, damage):
    await opened.aclose()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(damage)
    with pytest.raises(JournalError, match=r"damaged.*move it away and start the same command again"):
        read_journal(path)
    with pytest.raises(JournalError):
        await open_and_read(path)
    # Whoever was refused has left nothing locked.
    assert not is_locked(path)


@pytest.fixture(scope="module")
def whole():
    """The bytes of a journal with something of everything."""

    async def make(path):
        bound = {"group_list": [{"voice_group_id": 7, "number": "0086"}], "sip_prefix": None}
        made = [row._replace(before=bound, secrets=("sip_password",), fingerprint="ab") for row in rows(30)]
        journal = await Journal.open(path, HEADER, made)
        await journal.mark(range(20))
        for number in range(10):
            journal.settle(number, DONE)
        await journal.aclose()

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "j"
        asyncio.run(make(path))
        return path.read_bytes()


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_journal_with_a_bad_byte_is_read_or_refused_and_nothing_else(whole, data):
    place = data.draw(st.integers(0, len(whole) - 1))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "j"
        path.write_bytes(whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :])
        try:
            contents = read_journal(path)
        except JournalError:
            return
        report = report_of(contents)
        html_of(report)
        plan_undo(contents, [SipTrunk(key_id=row.key_id) for row in contents.rows], IDENTITY, same_account=True)


@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 5),
            st.sampled_from(["mark", *RowState]),
            st.integers(-60, 0) | st.none(),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
        ),
        max_size=15,
    )
)
@settings(max_examples=30, deadline=None)
def test_the_last_that_is_said_of_a_row_counts(steps):
    """Whatever is noted in whatever order, also over several openings, is read as it was said last."""

    async def main():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.journal"
            journal = await Journal.open(path, HEADER, rows(6))
            expected = {row.id: row.result for row in rows(6)}
            for id, step, code, reason in steps:
                if step == "mark":
                    await journal.mark([id])
                    expected[id] = Result(state=RowState.SENT)
                else:
                    expected[id] = Result(state=step, code=code, reason=reason, attempts=1)
                    journal.settle(id, expected[id])
            await journal.flush()
            assert {row.id: row.result for row in read_journal(path).rows} == expected
            await journal.aclose()
            with closing(sqlite3.connect(path)) as database:
                shown = dict(database.execute("SELECT id, state FROM row"))
            assert shown == {id: result.state.value for id, result in expected.items()}

    asyncio.run(main())
