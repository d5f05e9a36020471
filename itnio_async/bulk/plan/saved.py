"""A plan as a file of JSON lines: to be reviewed, and applied later, once.

The first line says for which account and of which file the plan is; each other one is a row, and the last one is added
when the plan is applied. No secret is in it: a keyed fingerprint tells whether the source still has the same one, and
whether a trunk is still as it was.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import orjson
from attrs import field, frozen
from attrs.validators import deep_iterable, deep_mapping, in_, instance_of, matches_re

from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.files.own_json import own_json
from itnio_async.bulk.files.places import Place
from itnio_async.bulk.identity import Identity
from itnio_async.bulk.plan.plan import Plan, PlanItem, Verdict
from itnio_async.bulk.trunks.columns import SECRET_FIELDS
from itnio_async.bulk.trunks.rows import Doubt, TrunkChange
from itnio_async.bulk.trunks.settings import from_data, settings_of, to_data
from itnio_async.config import unix_time
from itnio_async.errors import ConfigurationError
from itnio_async.validators import BOOLEAN, checked, instance, must_be, number, or_none, whole

_FORMAT, _VERSION = "itnio plan", 1
# People may edit the file, and what is in it is used long after it was read.
_TEXT = instance(str)
_TEXTS = must_be("texts", deep_iterable(instance_of(str), instance_of((list, tuple))))
_HEX = must_be("hexadecimal digits", matches_re("[0-9a-f]+"))
_MATCH = must_be("key_id or name", in_(("key_id", "name")))
_FINGERPRINTS = must_be(
    "fingerprints of secrets",
    deep_mapping(in_(SECRET_FIELDS), _HEX, instance_of(dict)),
    shown=lambda _: "something else",  # which may be a secret
)
# What a journal can keep of it.
_LINE, _KEY_ID = whole(1, 2**63 - 1), whole(-(2**63))


class SavedPlanError(ConfigurationError):
    """A saved plan that cannot be applied."""


@frozen(kw_only=True)
class PlanHeader:
    """What a saved plan is about; `created` is in Unix seconds.

    `match`, `accept_zeros` and `allow_swap_names` are how it was made, and `accounts` is what the file says of the
    account that it is of (`RowsRead.accounts`).
    """

    id: str = field(validator=_HEX)
    source: str = field(validator=_TEXT)
    host: str = field(validator=_TEXT)
    api_key: str = field(validator=_TEXT)
    account: str = field(validator=_TEXT)
    created: float = field(validator=number())
    match: str = field(default="key_id", validator=_MATCH)
    accept_zeros: bool = field(default=False, validator=BOOLEAN)
    allow_swap_names: bool = field(default=False, validator=BOOLEAN)
    accounts: Sequence[str] = field(default=(), validator=_TEXTS)


@frozen(kw_only=True)
class SavedRow:
    """A row of a saved plan: what it gives without its secrets, of those the fingerprints, and of its trunk one too."""

    change: TrunkChange
    verdict: Verdict
    secrets: Mapping[str, str] = field(validator=_FINGERPRINTS)
    trunk: str | None = field(validator=or_none(_HEX))


@frozen
class SavedPlan:
    """A plan read from a file; `applied` is the journal with which it was applied, or None."""

    path: Path
    header: PlanHeader
    rows: tuple[SavedRow, ...] = field(repr=False)
    applied: str | None = None

    @property
    def needs_source(self) -> bool:
        """Tell whether secrets must be read from the source again."""
        return any(row.secrets for row in self.rows)

    def check(self, identity: Identity) -> None:
        """Raise `SavedPlanError` if the plan is for another account, or was made with another API key."""
        header = self.header
        if header.host != identity.host or header.account != identity.account:
            raise SavedPlanError(
                f"The plan {self.path} is for {header.api_key} at {header.host}, and this is {identity}. Use the "
                "account that it was made for, or make the plan again."
            )

    def changes(self, identity: Identity, source: Iterable[TrunkChange] = ()) -> tuple[TrunkChange, ...]:
        """Return the rows as changes again, each with its secrets from the row of the source with the same line.

        Raises `SavedPlanError` for a secret that is not there or not the one that the plan was made with.
        """
        self.check(identity)
        now = {(row.place.line, row.key): row.values for row in source}
        return tuple(
            self._with_secrets(row, now.get((row.change.place.line, row.change.key), {}), identity) for row in self.rows
        )

    def _with_secrets(self, row: SavedRow, now: Mapping[str, Any], identity: Identity) -> TrunkChange:
        for name, fingerprint in row.secrets.items():
            value = now.get(name)
            if not isinstance(value, str) or not secrets.compare_digest(identity.fingerprint(value), fingerprint):
                raise SavedPlanError(
                    f"{row.change.place}: {name} is not the one with which the plan was made ({self.header.source} has "
                    "changed since, or the API secret has). Make the plan again."
                )
        return attrs.evolve(row.change, values={**row.change.values, **{name: now[name] for name in row.secrets}})

    def changed(self, identity: Identity, trunks: Iterable[SipTrunk]) -> frozenset[int]:
        """Return the key ids of the trunks that have changed since the plan was made."""
        # By key ids and by names.
        before = {row.change.key: row.trunk for row in self.rows if row.trunk is not None}
        return frozenset(
            trunk.key_id
            for trunk in trunks
            if trunk.key_id is not None
            and (was := before.get(trunk.key_id) or before.get(trunk.sip_trunk_name)) is not None
            and was != fingerprint_of(trunk, identity)
        )

    def begin(self, journal: str | os.PathLike[str], *, clock: Callable[[], float] = unix_time) -> None:
        """Note in the file that the plan is applied with this journal; the same journal may go on with it.

        Raises `SavedPlanError` if it was applied with another one, or the file cannot be written.
        """
        # As text that the file can hold, and that tells two such paths apart, where it is not UTF-8.
        path = os.path.realpath(journal).encode(errors="backslashreplace").decode()
        if read_plan(self.path).applied is None:
            try:
                with self.path.open("ab") as file:
                    file.write(_line({"applied": path, "at": clock()}))
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise SavedPlanError(
                    f"{self.path} cannot be written ({error.strerror}), so that it could be applied twice. Copy it to "
                    "a place of yours."
                ) from error
        # Of two that began at the same moment, the one whose line comes first.
        applied = read_plan(self.path).applied
        if applied != path:
            raise SavedPlanError(
                f"The plan {self.path} was applied already, with the journal {applied}. A plan is applied once: make "
                "it again."
            )


def fingerprint_of(trunk: SipTrunk, identity: Identity) -> str:
    """Return what tells whether a trunk still shows the same of all that an update replaces, its password too."""
    settings = settings_of(trunk)
    shown = {**to_data(settings), **{name: settings[name] for name in SECRET_FIELDS}}
    return identity.fingerprint(own_json(shown, sort_keys=True).decode())


def save_plan(
    plan: Plan,
    path: str | os.PathLike[str],
    identity: Identity,
    *,
    source: str,
    match: str = "key_id",
    accept_zeros: bool = False,
    allow_swap_names: bool = False,
    accounts: Iterable[str] = (),
    clock: Callable[[], float] = unix_time,
) -> PlanHeader:
    """Write a plan to a file that only its owner can read, and return its header.

    `source` is the file that the rows are from, as it can be found later, and `accounts` what it says of the account
    that it is of. Raises `SavedPlanError` where the file cannot be written, or something is there.
    """
    header = PlanHeader(
        id=secrets.token_hex(16),
        source=source,
        host=identity.host,
        api_key=identity.api_key,
        account=identity.account,
        created=clock(),
        match=match,
        accept_zeros=accept_zeros,
        allow_swap_names=allow_swap_names,
        accounts=list(accounts),
    )
    lines = [{"format": _FORMAT, "version": _VERSION, **attrs.asdict(header)}]
    lines += [_row_data(plan, item, identity) for item in plan]
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123
                file.writelines(map(_line, lines))
        except BaseException:
            with suppress(OSError):
                Path(path).unlink()
            raise
    except FileExistsError as error:
        raise SavedPlanError(f"{os.fspath(path)} is there already. Give another path, or remove it.") from error
    except OSError as error:
        raise SavedPlanError(f"{os.fspath(path)} cannot be written ({error.strerror}). Give another path.") from error
    return header


def _row_data(plan: Plan, item: PlanItem, identity: Identity) -> dict[str, Any]:
    row = item.row
    return {
        "file": item.place.file,
        "line": item.place.line,
        "key_id": row.key_id,
        "name": row.name,
        "trunk_name": item.trunk_name,
        "verdict": item.verdict.value,
        "values": to_data(row.values),
        "secrets": {
            name: identity.fingerprint(str(row.values[name])) for name in sorted(SECRET_FIELDS & row.values.keys())
        },
        "trunk": None if item.trunk is None else fingerprint_of(item.trunk, identity),
        "doubts": [attrs.asdict(doubt) for doubt in row.doubts],
        # For people who review the file; when it is applied, they are found again.
        "changes": [str(change) for change in item.changes],
        "risks": [str(risk) for risk in item.risks],
        "refusal": None if item.refusal is None else str(item.refusal),
        "disabled": item.disabled,
        "temporary_name": None if item.swap is None else item.swap.name,
        "after_lines": [plan.items[needed].place.line for needed in item.needs],
    }


def _line(data: Mapping[str, Any]) -> bytes:
    return own_json(data) + b"\n"


def is_saved_plan(path: str | os.PathLike[str]) -> bool:
    """Tell whether a file is a saved plan, by its first line. A pipe is none: it could not be noted as applied."""
    try:
        # What is read of a pipe here would be missing from its rows.
        if Path(path).is_file():
            with open(path, "rb") as file:  # noqa: PTH123
                return file.read(64).startswith(b'{"format":"itnio plan"')
        return False
    except OSError:
        return False


def read_plan(path: str | os.PathLike[str]) -> SavedPlan:
    """Read a saved plan. Raises `SavedPlanError` for anything else, and for a line that is damaged."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise SavedPlanError(f"{os.fspath(path)} cannot be read ({error.strerror}). Give another path.") from error
    lines = content.splitlines()
    applied = None
    rows = []
    number = 1
    try:
        first = orjson.loads(lines[0])
        if (first.pop("format"), first.pop("version")) != (_FORMAT, _VERSION):
            raise ValueError("another version")
        header = PlanHeader(**first)
        for line in lines[1:]:
            number += 1
            data = orjson.loads(line)
            if "applied" in data:
                applied = applied or checked("applied", data["applied"], _TEXT)
            else:
                rows.append(_saved_row(data))
    except (ConfigurationError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise SavedPlanError(
            f"{os.fspath(path)} line {number}: it is not a plan that `itnio trunks plan --out` of this version wrote, "
            "or it is damaged. Make the plan again."
        ) from error
    return SavedPlan(Path(path), header, tuple(rows), applied)


def _saved_row(data: Mapping[str, Any]) -> SavedRow:
    change = TrunkChange(
        place=Place(checked("file", data["file"], _TEXT), checked("line", data["line"], _LINE)),
        key_id=checked("key_id", data["key_id"], or_none(_KEY_ID)),
        name=checked("name", data["name"], or_none(_TEXT)),
        values=from_data(data["values"]),
        doubts=tuple(Doubt(**doubt) for doubt in data.get("doubts", ())),
    )
    return SavedRow(change=change, verdict=Verdict(data["verdict"]), secrets=data["secrets"], trunk=data["trunk"])
