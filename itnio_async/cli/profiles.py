"""Read profiles: a file that says for each account where its credentials are; no secret is in it."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
from attrs import fields_dict, frozen

from itnio_async.cli.exits import CommandError
from itnio_async.cli.secret_file import SecretFile, read_secret_file

_FORM = (
    'write a table [NAME] with secret_file = "FILE", or with api_key_variable = "NAME" and '
    'api_secret_variable = "NAME"; and base_url = "URL" if it is not the vendor\'s usual one.'
)
# Before the first table: which of them is meant where nothing else says it.
_DEFAULT = "default"


@frozen
class Profile:
    """One account: its address, and either a file with its credentials or the two environment variables that hold them.

    `secret_file` is what `--secret-file` takes; a path that is not absolute is looked for beside the profiles.
    """

    base_url: str | None = None
    secret_file: str | None = None
    api_key_variable: str | None = None
    api_secret_variable: str | None = None


def profiles_file() -> Path:
    """Return the path of the profiles, in the user's configuration directory."""
    return platformdirs.user_config_path("itnio", appauthor=False) / "profiles.toml"


def default_profile() -> str | None:
    """Return the name of the profile that is used where nothing says another account; None where there is none.

    Raises `CommandError` for a default that is not the name of a profile.
    """
    file = profiles_file()
    if not file.exists():
        return None
    profiles = _read(file)
    name = profiles.get(_DEFAULT)
    if name is None or isinstance(name, dict):  # a profile may have this name too
        return None
    if not isinstance(name, str) or not isinstance(profiles.get(name), dict):
        known = ", ".join(_names(profiles)) or "no profile"
        raise CommandError(f"{file}: default must be the name of a profile.", f"it has {known}.")
    return name


def credentials_of(name: str, *, environment: Mapping[str, str] = os.environ) -> SecretFile:
    """Return the credentials and the address of a profile; raises `CommandError` for what is missing or wrong."""
    file = profiles_file()
    profile = _profile(_read(file), name, file)
    if profile.secret_file is not None:
        found = read_secret_file(file.parent / Path(profile.secret_file).expanduser())
        return SecretFile(found.api_key, found.api_secret, profile.base_url or found.base_url)
    variables = (profile.api_key_variable or "", profile.api_secret_variable or "")
    missing = [variable for variable in variables if not environment.get(variable)]
    if missing:
        raise CommandError(
            f"the profile {name} takes its credentials from the environment, where {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not set.",
            f"set {' and '.join(missing)}, or name a secret_file in {file}.",
        )
    return SecretFile(environment[variables[0]], environment[variables[1]], profile.base_url)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CommandError(f"there are no profiles: {file} does not exist.", _FORM) from None
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", "give a file that you can read.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # The bad line is not shown: there may be a secret in it by mistake.
        raise CommandError(f"{file} is not a TOML file.", _FORM) from None


def _names(profiles: Mapping[str, Any]) -> list[str]:
    return [name for name, settings in profiles.items() if isinstance(settings, dict)]


def _profile(profiles: Mapping[str, Any], name: str, file: Path) -> Profile:
    settings = profiles.get(name)
    if not isinstance(settings, dict):
        names = _names(profiles)
        advice = f"choose one of {', '.join(names)}." if names else _FORM
        raise CommandError(f"{file} has no profile {name}.", advice)
    where = f"the profile {name} in {file}"
    known = fields_dict(Profile)
    for setting, value in settings.items():
        if setting in ("api_secret", "api_key", "secret"):
            raise CommandError(f"{where} has a secret in it: {setting}.", f"remove it, and {_FORM}")
        if setting not in known:
            raise CommandError(f"{where} has an unknown setting {setting}.", f"these are known: {', '.join(known)}.")
        if not isinstance(value, str) or not value:
            raise CommandError(f"{where}: {setting} must be text, and not empty.", _FORM)
    profile = Profile(**settings)
    in_environment = profile.api_key_variable is not None and profile.api_secret_variable is not None
    has_half = (profile.api_key_variable is None) != (profile.api_secret_variable is None)
    if has_half or in_environment == (profile.secret_file is not None):
        raise CommandError(f"{where} does not say where its key and secret are, or says it in two ways.", _FORM)
    return profile
