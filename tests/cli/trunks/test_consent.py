"""A file of another account is not applied by `--yes` alone, nor are more changes than are expected."""

from __future__ import annotations

import pytest

from cli.trunks.test_apply import sent
from itnio_async.bulk import read_changes
from itnio_async.sandbox import Sandbox


@pytest.fixture
def exported(itnio, sandbox, tmp_path):
    """Exports the account's trunks, and gives the path."""

    def run(name="trunks.csv"):
        assert itnio("trunks", "export", tmp_path / name).status == 0
        return tmp_path / name

    return run


@pytest.fixture
def elsewhere(sandbox, monkeypatch):
    """An account of the same key at another host, where the environment leads to from then on."""

    def begin():
        running = Sandbox(trunks=12, api_key=sandbox.api_key, api_secret=sandbox.api_secret)
        running.__enter__()
        monkeypatch.setenv("ITNIO_BASE_URL", running.url)
        others.append(running)
        return running

    others = []
    yield begin
    for running in others:
        running.__exit__(None, None, None)


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.json", "t.xlsx", "t.csv.gz"])
def test_an_export_says_whose_it_is(itnio, sandbox, exported, elsewhere, name):
    file = exported(name)
    (mark,) = read_changes(file).accounts
    host, digest = mark.split("/")
    assert (host, len(digest)) == (sandbox.url.removeprefix("http://"), 12)
    assert sandbox.api_key not in mark
    assert itnio("trunks", "apply", file, "--yes").status == 0
    other = elsewhere()
    refused = itnio("trunks", "apply", file, "--yes")
    assert (refused.status, [request.path for request in other.requests]) == (1, [])
    assert f"exported from another account ({mark})" in refused.err
    assert "--other-account" in refused.err
    # A new key is not another host.
    assert itnio("trunks", "apply", file, "--yes", "--same-account").status == 1
    assert itnio("trunks", "apply", file, "--yes", "--other-account").status == 0


def test_a_saved_plan_keeps_whose_file_it_is_of(itnio, sandbox, exported, elsewhere, tmp_path):
    file = exported()
    (mark,) = read_changes(file).accounts
    elsewhere()
    planned = itnio("trunks", "plan", file, "--out", tmp_path / "plan.jsonl")
    assert (planned.status, f"exported from another account ({mark})" in planned.err) == (0, True)
    refused = itnio("trunks", "apply", tmp_path / "plan.jsonl", "--yes")
    assert (refused.status, f"exported from another account ({mark})" in refused.err) == (1, True)
    assert itnio("trunks", "apply", tmp_path / "plan.jsonl", "--yes", "--other-account").status == 0


def test_another_key_of_the_same_host(itnio, sandbox, exported):
    file = exported()
    file.write_text(file.read_text().replace(next(iter(read_changes(file).accounts))[-12:], "0123456789ab"))
    refused = itnio("trunks", "apply", file, "--yes")
    assert (refused.status, "exported with another API key" in refused.err) == (1, True)
    for option in ("--same-account", "--other-account"):
        assert itnio("trunks", "apply", file, "--yes", option).status == 0


def test_one_row_of_another_account_is_enough(itnio, sandbox, exported):
    file = exported()
    first, *rest = file.read_text().splitlines()
    rest[-1] = rest[-1].replace(rest[-1].split(",")[-1], "api.example.com/0123456789ab")
    file.write_text("\n".join([first, *rest]) + "\n")
    assert itnio("trunks", "apply", file, "--yes").status == 1


def test_failed_rows_keep_it(itnio, sandbox, exported, tmp_path):
    file, failed = exported(), tmp_path / "failed.csv"
    file.write_text(file.read_text().replace("10.0.0.1,", "10.9.9.9,"))
    sandbox.order("minus23,endpoint=update")
    assert itnio("trunks", "apply", file, "--yes", "--failed", failed).status == 3
    assert read_changes(failed).accounts == read_changes(file).accounts


@pytest.mark.parametrize(
    ("names", "others", "options", "status"),
    [(5, 0, (), 1), (3, 2, (), 1), (3, 3, (), 0), (4, 0, (), 0), (5, 0, ("--renames",), 0)],
)
def test_other_names_for_over_half_of_the_rows(itnio, sandbox, csv, names, others, options, status):
    rows = [f"{n},berlin{n},00" for n in range(1, names + 1)]
    rows += [f"{n},,00" for n in range(names + 1, names + others + 1)]
    file = csv("key_id,sip_trunk_name,sip_prefix", *rows)
    result = itnio("trunks", "apply", file, "--yes", *options)
    assert (result.status, sent(sandbox)) == (status, 0 if status else names + others)
    assert ("give --renames" in result.err) is (status == 1)


@pytest.mark.parametrize(("names", "of_account"), [(5, False), (4, False), (5, True)])
def test_a_plan_says_what_it_needs_to_be_applied(itnio, sandbox, csv, tmp_path, names, of_account):
    sandbox_mark = f"{sandbox.url.removeprefix('http://')}/{'0' * 12}" if of_account else ""
    file = csv("key_id,sip_trunk_name,#account", *(f"{n},berlin{n},{sandbox_mark}" for n in range(1, names + 1)))
    planned = itnio("trunks", "plan", file, "--out", tmp_path / "plan.jsonl")
    *said, command = planned.err.splitlines()
    words = command.partition("itnio ")[2].split()
    more = ["--other-account"] if of_account else []
    assert planned.status == 2
    assert words[3:] == (["--renames"] if names == 5 and not of_account else [])
    assert bool(said) is bool(words[3:] or more)
    assert all(option in said[1] for option in words[3:] + more)
    assert itnio("trunks", "plan", file, "--json").err.splitlines() == said  # also where no plan is kept
    assert itnio(*words, *more, "--yes", "--journal", tmp_path / "j").status == 0


def test_a_file_that_says_its_account_may_rename(itnio, sandbox, exported):
    file = exported()
    file.write_text(file.read_text().replace(",trunk0", ",berlin0"))
    assert itnio("trunks", "apply", file, "--yes").status == 0
    assert sandbox.trunk(1).sip_trunk_name == "berlin00001"


@pytest.mark.parametrize(("most", "status"), [(0, 1), (1, 1), (2, 0), (3, 0)])
def test_more_changes_than_allowed(itnio, sandbox, csv, most, status):
    file = csv("key_id,sip_prefix,sip_gateway_ip", "1,00,", "3,00,", "5,,10.0.0.5")
    result = itnio("trunks", "apply", file, "--yes", "--max-changes", most)
    assert (result.status, sent(sandbox)) == (status, 0 if status else 2)
    assert (f"2 trunks would be updated, and --max-changes allows {most}." in result.err) is (status == 1)


def test_a_number_of_changes_that_cannot_be(itnio, sandbox, csv):
    result = itnio("trunks", "apply", csv("key_id,sip_prefix", "1,00"), "--yes", "--max-changes", -1)
    assert (result.status, sandbox.requests) == (1, [])
