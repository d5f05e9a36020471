"""`itnio trunks jobs`: the journals, what each is of, and what to do next."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing

from itnio_async.bulk.journal.shelf import jobs_in


def listed(itnio, *arguments):
    return [json.loads(line) for line in itnio("trunks", "jobs", "--json", *arguments).lines]


def test_without_any_journal(itnio):
    assert itnio("trunks", "jobs").lines == ["Begun\tWhat\tAccount\tState\tRows\tUndone\tJournal\tNext"]
    assert jobs_in() == ([], [])


def test_done_undone_refused_and_unfinished(itnio, sandbox, csv):
    file = csv("key_id,sip_prefix", "1,00", "2,00", name="first.csv")
    assert itnio("trunks", "apply", file, "--yes").status == 0
    (done,) = listed(itnio)
    assert (done["what"], done["state"], done["undone"]) == (str(file), "done", "no")
    assert done["rows"]["done"] == 2
    assert done["next"] == f"itnio trunks undo {done['journal']}"
    assert itnio(*done["next"].split()[1:], "--yes").status == 0
    undo, done = listed(itnio)
    assert (done["undone"], done["undone_by"], done["next"]) == ("yes", [undo["journal"]], "")
    assert (undo["what"], undo["undone"], undo["next"]) == (f"undo of {file}", None, "")

    order = sandbox.order("minus60,key_id=4,endpoint=update")
    command = ["trunks", "set", "prefix=1", "--where", "direction=inbound", "--yes"]
    assert itnio(*command, "--max-failures", 1, "--concurrency", 1).status == 3
    unfinished = listed(itnio)[0]
    assert (unfinished["state"], unfinished["next"]) == (
        "unfinished",
        "itnio trunks set prefix=1 --where direction=inbound",
    )
    assert itnio(*unfinished["next"].split()[1:], "--yes").status == 3
    order.cancel()
    refused = listed(itnio)[0]
    assert refused["state"] == "refused"
    assert refused["next"] == f"itnio trunks report {refused['journal']} --failed failed.csv"


def test_where_nothing_was_changed_nothing_is_to_be_undone(itnio, sandbox, csv, tmp_path):
    assert itnio("trunks", "set", "prefix=1", "--where", "prefix=77", "--yes").status == 0
    (job,) = listed(itnio)
    assert (sum(job["rows"].values()), job["next"]) == (0, "")
    assert "\tdone\tnone\tno\t" in itnio("trunks", "jobs").lines[1]
    assert itnio("trunks", "update", 1, "--sip-prefix", "00").status == 0
    assert itnio("trunks", "apply", csv("key_id,sip_prefix", "1,00"), "--yes").status == 0
    job, _ = listed(itnio)
    assert (job["rows"]["unchanged"], job["state"], job["next"]) == (1, "done", "")


def test_a_directory_and_what_is_not_a_journal(itnio, sandbox, csv, tmp_path):
    (tmp_path / "jobs").mkdir()
    itnio("trunks", "apply", csv("key_id,sip_prefix", "1,00"), "--yes", "--journal", tmp_path / "jobs" / "a.journal")
    (tmp_path / "jobs" / "b.journal").write_text("not one")
    result = itnio("trunks", "jobs", tmp_path / "jobs")
    assert result.status == 0
    assert len(result.lines) == 2
    assert "Left out: " in result.err
    assert "b.journal" in result.err
    missing = itnio("trunks", "jobs", tmp_path / "none")
    assert (missing.status, "is not a directory" in missing.err) == (1, True)


def test_journals_have_any_name(itnio, sandbox, csv, tmp_path):
    home = tmp_path / "home"
    (home / "deep" / "er").mkdir(parents=True)
    (home / "trunks.csv").write_text("key_id,sip_prefix\n1,00\n")
    (home / "empty").touch()
    (home / "note").write_text("SQLite format 3")
    with closing(sqlite3.connect(home / "other.db")) as other:
        other.execute("CREATE TABLE one (two)")
    (home / "there").symlink_to("nowhere")
    os.mkfifo(home / "pipe")
    places = [home / "nightly", home / "deep" / "job.db", home / "deep" / "er" / "mine.journal"]
    for number, place in enumerate(places):
        file = csv("key_id,sip_prefix", f"{number + 1},00", name=f"{number}.csv")
        assert itnio("trunks", "apply", file, "--yes", "--journal", place).status == 0
    # One that had another name until the next job came.
    for prefix in ("", "00"):
        assert itnio("trunks", "update", 1, "--sip-prefix", prefix).status == 0
        assert itnio("trunks", "apply", tmp_path / "0.csv", "--yes", "--journal", places[0]).status == 0
    (dated,) = home.glob("nightly-*")
    result = itnio("trunks", "jobs", "--json", home)
    assert {json.loads(line)["journal"] for line in result.lines} == {str(path) for path in (*places, dated)}
    assert result.err == ""
    with closing(sqlite3.connect(places[1])) as journal:
        journal.execute("PRAGMA user_version = 3")
    assert f"{places[1]} was made by another version" in itnio("trunks", "jobs", home).err


def test_on_a_terminal(itnio, sandbox, csv, on_terminal):
    itnio("trunks", "apply", csv("key_id,sip_prefix", "1,00"), "--yes")
    result = itnio("trunks", "jobs")
    assert "State:" in result.out
    assert result.lines[-1] == "1 job"
