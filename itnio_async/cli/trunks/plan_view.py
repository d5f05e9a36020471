"""Write a plan for people or programs: what would change on each trunk, and the counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs

from itnio_async import UNSET, GroupBinding
from itnio_async.bulk import BadRow, FieldChange, Place, Plan, PlanItem, Verdict
from itnio_async.cli.exits import CHANGES_TO_MAKE, DONE, REFUSED
from itnio_async.cli.output import json_line, line, say, table, visible
from itnio_async.text import counted

# -- for people -------------------------------------------------------------------------------------------------------


def show_plan(plan: Plan, bad: Sequence[BadRow]) -> None:
    """Write what would change, trunk by trunk, and the counts; trunks that would not change are only counted."""
    _show_items(plan)
    show_counts(plan, bad)


def say_bad_rows(bad: Sequence[BadRow]) -> None:
    """Say on stderr what is wrong with rows, all of them at once."""
    if bad:
        say("\n".join(visible(row) for row in bad))
        say(f"{counted(count_of(bad), 'row')} cannot be sent.")


def _show_items(plan: Plan) -> None:
    for item in plan:
        if item.verdict is Verdict.UNCHANGED:
            continue
        line(f"{_trunk(item)}: {_verdict(item)} ({item.place})")
        for change in item.changes:
            line(f"  {visible(change)}")
        if item.needs:
            line(f"  sent after line {', '.join(str(plan.items[index].place.line) for index in item.needs)}")
        for risk in item.risks:
            line(f"  at risk: {visible(risk)}")
        if item.refusal is not None:
            line(f"  {visible(item.refusal)}")


def _trunk(item: PlanItem) -> str:
    named = "" if item.trunk_name is None else f" {visible(item.trunk_name)}"
    return f"Trunk{'' if item.key_id is None else f' {item.key_id}'}{named}"


def _verdict(item: PlanItem) -> str:
    return f"{item.verdict.value}, disabled" if item.disabled else item.verdict.value


def show_counts(plan: Plan, bad: Sequence[BadRow], *, heading: str = "Rows") -> None:
    """Write how many rows have each verdict."""
    rows = [
        ("To update", plan.counts[Verdict.UPDATE], ""),
        ("  at risk", len(plan.at_risk), "the vendor may refuse them: another trunk has the same value"),
        ("  disabled", len(plan.disabled), "sent all the same"),
        ("Unchanged", plan.counts[Verdict.UNCHANGED], "already up to date"),
        ("Not found", plan.counts[Verdict.NOT_FOUND], "no such trunk"),
        ("Refused", plan.counts[Verdict.REFUSED], "certain to be refused, or to do harm"),
        ("Bad rows", count_of(bad), "cannot be read, or break a rule"),
    ]
    table((heading, "Count", "Meaning"), [row for row in rows if row[1] or row[0] in ("To update", "Unchanged")])


# -- counts -----------------------------------------------------------------------------------------------------------


def counts_of(plan: Plan, bad: Sequence[BadRow]) -> dict[str, int]:
    """Return the counts by their names in JSON."""
    return {
        **{verdict.value.replace(" ", "_"): plan.counts[verdict] for verdict in Verdict},
        "at_risk": len(plan.at_risk),
        "disabled": len(plan.disabled),
        "bad": count_of(bad),
    }


def status_of_plan(plan: Plan, bad: Sequence[BadRow]) -> int:
    """Return the exit status for a plan that is only shown."""
    if bad or plan.counts[Verdict.REFUSED] or plan.counts[Verdict.NOT_FOUND]:
        return REFUSED
    return CHANGES_TO_MAKE if plan.has_changes else DONE


def count_of(bad: Sequence[BadRow]) -> int:
    """Return how many rows are bad; `bad` may have several mistakes of one row."""
    return len({(row.place.file, row.place.line) for row in bad})


# -- for programs -----------------------------------------------------------------------------------------------------


def write_bad_rows(bad: Sequence[BadRow]) -> None:
    """Write one JSON object for each mistake of the rows that cannot be read."""
    for row in bad:
        json_line({"verdict": "bad", **place_data(row.place), "code": row.code, "reason": row.reason})


def write_plan(plan: Plan, bad: Sequence[BadRow], *, only_refused: bool = False) -> None:
    """Write one JSON object for each row, and one with the counts at the end."""
    write_bad_rows(bad)
    for item in plan:
        if item.refusal is not None or not only_refused:
            json_line(dict(_fields(item, plan)))
    json_line({"counts": counts_of(plan, bad)})


def place_data(place: Place) -> dict[str, Any]:
    """Return the JSON fields of a place."""
    return {"file": place.file, "line": place.line, "column": place.column}


def changes_data(changes: Iterable[FieldChange]) -> dict[str, Any]:
    """Return as JSON the value of each field before and after."""
    return {change.name: {"from": _data(change.before), "to": _data(change.after)} for change in changes}


def _fields(item: PlanItem, plan: Plan) -> Iterator[tuple[str, Any]]:
    yield "verdict", item.verdict.value.replace(" ", "_")
    yield from place_data(item.place).items()
    yield "key_id", item.key_id
    yield "trunk_name", item.trunk_name
    yield "disabled", item.disabled
    yield "changes", changes_data(item.changes)
    yield "risks", [{"code": risk.code, "trunks": risk.trunks, "text": str(risk)} for risk in item.risks]
    yield "after_lines", [plan.items[index].place.line for index in item.needs]
    if item.refusal is not None:
        yield "code", item.refusal.code
        yield "reason", item.refusal.reason


def _data(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_data(one) for one in value]
    if isinstance(value, GroupBinding):
        return {name: one for name, one in attrs.asdict(value).items() if name != "extra" and one is not UNSET}
    return value
