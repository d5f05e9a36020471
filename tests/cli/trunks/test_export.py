"""`itnio trunks export` against the sandbox."""

from __future__ import annotations

import pytest

PASSWORD = "made-up-password-3"  # what the sandbox's trunk 3 has


@pytest.mark.parametrize("name", ["trunks.csv", "trunks.tsv", "trunks.jsonl", "trunks.json", "trunks.xlsx", "t.csv.gz"])
@pytest.mark.parametrize("options", [[], ["--with-secrets"]])
def test_what_is_exported_changes_nothing(itnio, sandbox, tmp_path, name, options):
    file = tmp_path / name
    result = itnio("trunks", "export", file, *options)
    assert (result.status, result.out, result.err) == (0, "", f"12 trunks: {file}\n")
    assert file.stat().st_mode & 0o777 == 0o600
    planned = itnio("trunks", "plan", file)
    assert (planned.status, "Unchanged\t12\talready up to date" in planned.lines) == (0, True)


@pytest.mark.parametrize(("options", "shown"), [([], False), (["--with-secrets"], True)])
def test_passwords_only_where_asked_for(itnio, sandbox, tmp_path, options, shown):
    assert sandbox.trunk(3).sip_password == PASSWORD
    file = tmp_path / "trunks.csv"
    itnio("trunks", "export", file, *options)
    assert (PASSWORD in file.read_text()) is shown


def test_a_file_that_cannot_be_written(itnio, sandbox, tmp_path):
    result = itnio("trunks", "export", tmp_path / "missing" / "trunks.csv")
    assert result.status == 1
    assert "cannot be written" in result.err


def test_a_file_that_is_there_is_replaced_only_if_asked_to(itnio, sandbox, tmp_path):
    file = tmp_path / "trunks.csv"
    file.write_text("dear")
    refused = itnio("trunks", "export", file)
    assert (refused.status, file.read_text(), sandbox.requests) == (1, "dear", [])
    assert "--force to replace it" in refused.err
    assert itnio("trunks", "export", file, "--force").status == 0
    assert file.read_text() != "dear"


@pytest.mark.parametrize("name", ["trunks.ods", "trunks.xls", "trunks.pdf", "trunks.backup", "trunks.zip", "t.ods.gz"])
def test_an_ending_that_cannot_be_written(itnio, sandbox, tmp_path, name):
    result = itnio("trunks", "export", tmp_path / name)
    assert (result.status, sandbox.requests, list(tmp_path.glob("t*.*"))) == (1, [], [])
    assert "cannot be written. Give a name that ends in .csv" in result.err


def test_names_without_an_ending_are_csv(itnio, sandbox, tmp_path):
    assert itnio("trunks", "export", tmp_path / "trunks").status == 0
    assert (tmp_path / "trunks").read_text().startswith("sip_trunk_name") or "key_id" in (
        tmp_path / "trunks"
    ).read_text()
