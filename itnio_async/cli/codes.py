"""`itnio codes`: explain the vendor's codes, what to do about them, and whether the client retries them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Annotated

import typer
from attrs import evolve, frozen

from itnio_async.api.paths import CODE_FAMILIES, FAMILIES, codes_by_endpoint, codes_of
from itnio_async.cli.exits import CommandError
from itnio_async.cli.families.words import option_name, word_of
from itnio_async.cli.output import json_line, records, table
from itnio_async.codes import Code
from itnio_async.retry import RetryPolicy

# The values of --family, one word each.
Family = Enum("Family", [(family.name, family.name.lower().replace(" ", "-")) for family in CODE_FAMILIES])  # type: ignore[misc]


@frozen
class Explained:
    """A code with the families of endpoints in which it has this meaning; `asked` is the one that is asked about."""

    code: Code
    families: list[str]
    asked: str | None = None

    @property
    def advice_by_endpoint(self) -> dict[str, str]:
        """What to do about it on the endpoints, of the family that is asked for, for which that is something else."""
        return {
            endpoint: code.advice
            for endpoint, codes in codes_by_endpoint().items()
            if codes.name in ([self.asked] if self.asked else self.families)
            and (code := codes[self.code.code]).advice != self.code.advice
        }

    @property
    def retried(self) -> str:
        """Whether the client repeats a call that fails with this code."""
        policy, error = RetryPolicy(), self.code.error()
        if policy.wants(error, idempotent=False):
            return "yes: signed again and sent at once"
        if policy.wants(error, idempotent=True):
            return "yes, after a wait, if a repeat does no harm (update and list, not add)"
        return "no: the answer would be the same"


def codes(
    first: Annotated[
        str | None,
        typer.Argument(
            metavar="FAMILY",
            help="A family such as agents; it may be left out, for those of all families.",
            autocompletion=lambda: [family.value for family in Family],
        ),
    ] = None,
    second: Annotated[
        str | None, typer.Argument(metavar="CODE", help="A code such as -47; without it, all of them.")
    ] = None,
    family: Annotated[
        Family | None,
        typer.Option(help="Only the codes of these endpoints; elsewhere a number may mean something else."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Write one JSON object a line for each code.")] = False,
) -> None:
    """Show what a code of the vendor means, what to do about it, and whether the client retries it."""
    family, wanted = _asked([word for word in (first, second) if word is not None], family)
    entries = [
        evolve(entry, asked=family and family.name)
        for entry in _entries()
        if wanted in (None, entry.code.code) and (family is None or family.name in entry.families)
    ]
    if not entries:
        where = "for any endpoint" if family is None else f"for {family.value}"
        raise CommandError(
            f"the vendor documents no code {wanted} {where}.",
            "ask the vendor, with the reason that came with it; `itnio codes` lists the known ones.",
        )
    if json:
        for entry in entries:
            json_line(_as_json(entry))
    elif wanted is None:
        table(
            ("Code", "Meaning", "What to do", "Retried", "Endpoints"),
            [
                (e.code.code, e.code.meaning, e.code.advice, e.retried.partition(",")[0].partition(":")[0], _where(e))
                for e in entries
            ],
        )
    else:
        names = ["Code", "Vendor's text", "Meaning", "What to do", "Retried", "Exception", "Endpoints"]
        if any(entry.code.sources for entry in entries):
            names.append("Sources")
        records(names, [_as_record(entry)[: len(names)] for entry in entries])


def _asked(words: list[str], family: Family | None) -> tuple[Family | None, int | None]:
    """Return the family and the code that are meant, in their order on the command line."""
    named = _family_of(words[0]) if words else None
    if named is not None:
        words = words[1:]
    if len(words) > 1:
        raise CommandError(f"{words[0]!r} is not a family.", f"give one of {_families()}.")
    return named or family, _number(words[0], named) if words else None


def _family_of(name: str) -> Family | None:
    """Return the family of this name: its own, the word of its commands, or the client's."""
    wanted = option_name(name.lower())
    for own in FAMILIES:
        if wanted in (word_of(own), option_name(own)):
            return Family[codes_of(own).name]
    return next((one for one in Family if one.value == wanted), None)


def _families() -> str:
    return ", ".join(one.value for one in Family)


def _number(text: str, family: Family | None) -> int:
    try:
        # All codes are negative, so 47 stands for -47.
        return -abs(int(text))
    except ValueError:
        or_family = "" if family else f", or one of {_families()}"
        raise CommandError(f"{text!r} is not a code.", f"give a number such as -47{or_family}.") from None


def _entries() -> Iterator[Explained]:
    """Yield each code once for each meaning, the highest number first."""
    found: dict[int, list[Explained]] = {}
    for family in CODE_FAMILIES:
        for number, code in family.codes.items():
            same = next((entry for entry in found.setdefault(number, []) if entry.code == code), None)
            if same is None:
                found[number].append(Explained(code, [family.name]))
            else:
                same.families.append(family.name)
    for number in sorted(found, reverse=True):
        yield from found[number]


def _where(entry: Explained) -> str:
    return "all" if len(entry.families) == len(CODE_FAMILIES) else ", ".join(entry.families)


def _as_record(entry: Explained) -> tuple[object, ...]:
    code = entry.code
    return (
        code.code,
        code.wording or "-",
        code.meaning,
        " ".join([code.advice, *_other_advice(entry)]),
        entry.retried,
        code.error.__name__,
        _where(entry),
        code.sources or "-",
    )


def _other_advice(entry: Explained) -> Iterator[str]:
    """Yield each advice that is for some endpoints only, after their names."""
    endpoints: dict[str, list[str]] = {}
    for name, advice in entry.advice_by_endpoint.items():
        endpoints.setdefault(advice, []).append(name)
    for advice, names in endpoints.items():
        yield f"For {', '.join(names)}: {advice}"


def _as_json(entry: Explained) -> dict[str, object]:
    code, policy, error = entry.code, RetryPolicy(), entry.code.error()
    return {
        "code": code.code,
        "families": entry.families,
        "wording": code.wording,
        "meaning": code.meaning,
        "advice": code.advice,
        "advice_by_endpoint": entry.advice_by_endpoint,
        "sources": code.sources or None,
        "error": code.error.__name__,
        "retried": policy.wants(error, idempotent=True),
        "retried_if_not_idempotent": policy.wants(error, idempotent=False),
    }
