"""`--profile`: accounts by name, from a file without secrets."""

from __future__ import annotations

import pytest


@pytest.fixture
def profiles(tmp_path):
    """Writes profiles.toml where the command looks for it."""

    def write(text):
        folder = tmp_path / "config" / "itnio"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "profiles.toml").write_text(text)
        return folder

    return write


@pytest.fixture
def elsewhere(sandbox, monkeypatch):
    """The sandbox, with an environment that leads to nowhere."""
    for name in ("ITNIO_API_KEY", "ITNIO_API_SECRET", "ITNIO_BASE_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("ITNIO_BASE_URL", "http://127.0.0.1:1")
    return sandbox


def test_credentials_from_a_file_beside_the_profiles(itnio, elsewhere, profiles):
    folder = profiles('[berlin]\nsecret_file = "berlin.secret"\n')
    secret = folder / "berlin.secret"
    secret.write_text(
        f"ITNIO_API_KEY={elsewhere.api_key}\nITNIO_API_SECRET={elsewhere.api_secret}\nITNIO_BASE_URL={elsewhere.url}\n"
    )
    secret.chmod(0o600)
    result = itnio("trunks", "list", "--profile", "berlin")
    assert (result.status, result.err, len(result.lines)) == (0, "", 13)


@pytest.fixture
def paris(elsewhere, profiles, monkeypatch):
    """A profile whose credentials are in the environment under names of its own."""
    monkeypatch.setenv("PARIS_KEY", elsewhere.api_key)
    monkeypatch.setenv("PARIS_SECRET", elsewhere.api_secret)
    profiles(
        f'[paris]\nbase_url = "{elsewhere.url}"\napi_key_variable = "PARIS_KEY"\napi_secret_variable = "PARIS_SECRET"\n'
    )
    return "paris"


def test_credentials_from_named_variables(itnio, elsewhere, paris):
    assert itnio("trunks", "update", 1, "--sip-prefix", "00", "--profile", paris).status == 0
    assert elsewhere.trunk(1).sip_prefix == "00"


def test_the_doctor_looks_at_a_profile(itnio, elsewhere, paris):
    result = itnio("doctor", "--profile", paris)
    assert result.status == 0
    assert "ok\tcredentials\tAPI key san*** from the profile paris\t" in result.lines
    assert f"ok\taddress\t{elsewhere.url} from the profile paris\t" in result.lines


def test_the_doctor_says_what_is_wrong_with_a_profile(itnio, profiles):
    folder = profiles("[berlin]\n")
    result = itnio("doctor", "--profile", "paris")
    assert result.status == 1
    assert f"wrong\tsettings\t{folder / 'profiles.toml'} has no profile paris.\tchoose one of berlin." in result.lines


def test_headers_for_a_profile(itnio, elsewhere, paris):
    result = itnio("sign", "--profile", paris, "--at", 1630468800)
    assert (result.status, result.lines[-1]) == (0, f"Api-Key: {elsewhere.api_key}")


def test_an_address_given_wins(itnio, elsewhere, profiles, monkeypatch):
    monkeypatch.setenv("K", elsewhere.api_key)
    monkeypatch.setenv("S", elsewhere.api_secret)
    profiles('[x]\nbase_url = "http://127.0.0.1:1"\napi_key_variable = "K"\napi_secret_variable = "S"\n')
    assert itnio("trunks", "list", "--profile", "x", "--base-url", elsewhere.url).status == 0
    # An empty one too: a variable that is not set, in most cases.
    refused = itnio("trunks", "list", "--profile", "x", "--base-url", "")
    assert (refused.status, "base-url" in refused.err) == (1, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there are no profiles"),
        ("[paris]\n", "has no profile berlin"),
        ("", "has no profile berlin"),
        ('berlin = "x"\n', "has no profile berlin"),
        ("[berlin\nhush-hush", "is not a TOML file"),
        ('[berlin]\napi_secret = "hush-hush"\n', "has a secret in it: api_secret"),
        ('[berlin]\nurl = "hush-hush"\n', "has an unknown setting url"),
        ("[berlin]\nsecret_file = 7\n", "secret_file must be text"),
        ("[berlin]\n", "does not say where its key and secret are"),
        ('[berlin]\napi_key_variable = "K"\n', "does not say where"),
        ('[berlin]\nsecret_file = "f"\napi_key_variable = "K"\napi_secret_variable = "S"\n', "or says it in two ways"),
        ('[berlin]\nsecret_file = "f"\napi_key_variable = "K"\n', "or says it in two ways"),
        ('[berlin]\napi_key_variable = "NO_K"\napi_secret_variable = "NO_S"\n', "NO_K and NO_S are not set"),
        ('[berlin]\nsecret_file = "missing"\n', "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_without_a_secret(itnio, elsewhere, profiles, text, said):
    if text is not None:
        profiles(text)
    result = itnio("trunks", "list", "--profile", "berlin")
    assert (result.status, result.out) == (1, "")
    assert said in result.err
    assert "hush" not in result.err
    assert elsewhere.requests == []


def test_profile_and_secret_file_exclude_each_other(itnio, tmp_path):
    result = itnio("trunks", "list", "--profile", "berlin", "--secret-file", tmp_path / "secret")
    assert result.status == 1
    assert "--profile and --secret-file are both given" in result.err


def test_a_directory_in_the_place_of_the_file(itnio, tmp_path):
    (tmp_path / "config" / "itnio" / "profiles.toml").mkdir(parents=True)
    result = itnio("trunks", "list", "--profile", "berlin")
    assert result.status == 1
    assert "cannot be read" in result.err


# -- the default ------------------------------------------------------------------------------------------------------


@pytest.fixture
def default(elsewhere, profiles, monkeypatch):
    """Paris as the default, and Rome, whose credentials are not there."""
    monkeypatch.setenv("PARIS_KEY", elsewhere.api_key)
    monkeypatch.setenv("PARIS_SECRET", elsewhere.api_secret)
    profiles(
        f'default = "paris"\n[paris]\nbase_url = "{elsewhere.url}"\napi_key_variable = "PARIS_KEY"\n'
        'api_secret_variable = "PARIS_SECRET"\n[rome]\napi_key_variable = "ROME_KEY"\napi_secret_variable = "R"\n'
    )


def test_the_default_is_used_where_nothing_else_is_said(itnio, default):
    assert itnio("trunks", "list", "--count").out == "12\n"


def test_the_environment_goes_before_the_default_and_an_option_before_both(itnio, default, elsewhere, monkeypatch):
    monkeypatch.setenv("ITNIO_API_KEY", "key")
    monkeypatch.setenv("ITNIO_API_SECRET", "wrong")
    monkeypatch.setenv("ITNIO_BASE_URL", elsewhere.url)
    refused = itnio("trunks", "list", "--count")
    assert (refused.status, "-1" in refused.err) == (1, True)
    assert itnio("trunks", "list", "--count", "--profile", "paris").out == "12\n"


def test_a_file_of_secrets_goes_before_the_default(itnio, default, elsewhere, tmp_path):
    file = tmp_path / "secret"
    file.write_text("key\nwrong\n")
    file.chmod(0o600)
    result = itnio("trunks", "list", "--secret-file", file, "--base-url", elsewhere.url)
    assert (result.status, "-1" in result.err) == (1, True)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('default = "madrid"', "default must be the name of a profile"),
        ("default = 5", "default must be the name of a profile"),
        ('default = "default"', "default must be the name of a profile"),
        ('default = "rome"', "where ROME_KEY and R are not set"),
    ],
)
def test_a_default_that_cannot_be(itnio, elsewhere, profiles, line, says):
    profiles(f'{line}\n[rome]\napi_key_variable = "ROME_KEY"\napi_secret_variable = "R"\n')
    result = itnio("trunks", "list")
    assert result.status == 1
    assert says in result.err
    assert elsewhere.requests == []


def test_without_a_default_nothing_changes(itnio, elsewhere, profiles):
    profiles('[default]\napi_key_variable = "A"\napi_secret_variable = "B"\n')
    result = itnio("trunks", "list")
    assert (result.status, "no credentials: ITNIO_API_KEY" in result.err) == (1, True)
    unknown = itnio("trunks", "list", "--profile", "x")
    assert "choose one of default." in unknown.err
