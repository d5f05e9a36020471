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
