"""Files with secrets: their forms, and what is said about a bad one."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from cli.conftest import private_file
from itnio_async.cli.exits import CommandError
from itnio_async.cli.secret_file import read_password_file, read_secret_file

AT = ("sign", "--at", 1630468800, "--json")
PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)


@pytest.mark.parametrize(
    "content",
    [
        "bDqJFiq9\n7bz1lzh9\n",
        "bDqJFiq9\r\n7bz1lzh9",
        "\ufeffbDqJFiq9\n7bz1lzh9\n",
        "# the account of the night shift\n\n  bDqJFiq9  \n7bz1lzh9\n",
        "ITNIO_API_KEY=bDqJFiq9\nITNIO_API_SECRET=7bz1lzh9\n",
        "export ITNIO_API_SECRET='7bz1lzh9'\nexport ITNIO_API_KEY=\"bDqJFiq9\"\n",
        "DEBUG=1\nITNIO_API_KEY = bDqJFiq9\nITNIO_API_SECRET=7bz1lzh9\nITNIO_BASE_URL=\n",
    ],
)
def test_the_forms_of_a_secret_file(itnio, tmp_path, content):
    result = itnio(*AT, "--secret-file", private_file(tmp_path / "secrets", content))
    assert (result.status, result.err) == (0, "")
    assert "05d7a50893e22a5c4bb3216ae3396c7c" in result.out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "has 0 lines instead of 2"),
        ("bDqJFiq9\n", "has 1 line instead of 2"),
        ("a\nb\nc\n", "has 3 lines instead of 2"),
        ("ITNIO_API_KEY=bDqJFiq9\n", "does not set ITNIO_API_SECRET"),
        ("ITNIO_API_SECRET=\nITNIO_API_KEY=\n", "does not set ITNIO_API_KEY and ITNIO_API_SECRET"),
        (b"\xff\xfe\n", "is not UTF-8"),
        (b"x" * 70_000, "has more than 65536 bytes"),
        ("key\nwith\x07bell\n", "not printable ASCII"),
    ],
)
def test_a_bad_secret_file_is_named_with_its_mistake(itnio, tmp_path, content, said):
    path = private_file(tmp_path / "secrets", content)
    result = itnio(*AT, "--secret-file", path)
    assert (result.status, result.out) == (1, "")
    assert said in result.err
    assert "bDqJFiq9" not in result.err


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_secret_file_that_cannot_be_read(itnio, tmp_path, name):
    result = itnio(*AT, "--secret-file", tmp_path / name)
    assert result.status == 1
    assert "cannot be read" in result.err
    assert "What to do:" in result.err


@pytest.mark.parametrize(("mode", "warns"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)])
def test_a_secret_file_that_others_can_read(itnio, tmp_path, mode, warns):
    path = private_file(tmp_path / "secrets", "key\nsecret\n")
    path.chmod(mode)
    result = itnio(*AT, "--secret-file", path)
    assert result.status == 0
    assert result.err == (
        f"Warning: {path} can be read by other users (mode {mode:o}). Run: chmod 600 {path}\n" if warns else ""
    )


@given(key=PRINTABLE.filter(lambda text: not text.startswith("#")), secret=PRINTABLE)
def test_what_is_written_in_pairs_is_read_back(key, secret):
    with tempfile.TemporaryDirectory() as folder:
        path = private_file(Path(folder) / "f", f"ITNIO_API_KEY='{key}'\nITNIO_API_SECRET=\"{secret}\"\n")
        found = read_secret_file(path)
    assert (found.api_key, found.api_secret) == (key, secret)


@given(st.binary(max_size=200))
def test_any_file_gives_values_or_our_error(content):
    with tempfile.TemporaryDirectory() as folder:
        path = private_file(Path(folder) / "f", content)
        for read, *what in ((read_secret_file,), (read_password_file, "code")):
            caught = None
            try:
                assert read(path, *what)
            except CommandError as error:
                caught = error
            assert caught is None or (str(path) in str(caught) and caught.advice)


@pytest.mark.parametrize("content", [b"", b"\n", b"1\n2\n", b"\xff"])
def test_a_file_with_another_secret_is_told_by_what_it_has(tmp_path, content):
    with pytest.raises(CommandError) as caught:
        read_password_file(private_file(tmp_path / "f", content), "one-time code")
    assert caught.value.advice == "write the one-time code into its only line."


def test_a_secret_file_is_not_shown(tmp_path):
    found = read_secret_file(private_file(tmp_path / "secrets", "key4711\nHush-hush\n"))
    assert "key4711" in repr(found)
    assert "Hush-hush" not in repr(found)


def test_what_the_sandbox_prints_is_a_secret_file(itnio, tmp_path):
    content = "export ITNIO_API_KEY=a\nexport ITNIO_API_SECRET=b\nexport ITNIO_BASE_URL=http://127.0.0.1:8787\n"
    found = read_secret_file(private_file(tmp_path / "secrets", content))
    assert (found.api_key, found.api_secret, found.base_url) == ("a", "b", "http://127.0.0.1:8787")
