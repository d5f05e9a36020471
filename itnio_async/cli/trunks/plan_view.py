"""Write a plan for people or programs: what would change on each trunk, and the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from itnio_async import UNSET, GroupBinding
from itnio_async.bulk import BadRow, FieldChange, Place, Plan, PlanItem, Verdict
from itnio_async.bulk.files.places import count_of
from itnio_async.bulk.trunks.settings import FIELDS, shown
from itnio_async.cli.exits import CHANGES_TO_MAKE, DONE, REFUSED
from itnio_async.cli.output import (
    BAD,
    CARE,
    GOOD,
    SOFT,
    json_line,
    line,
    say,
    table,
    times,
    until_nobody_reads,
    visible,
)
from itnio_async.text import counted

if TYPE_CHECKING:
    from itnio_async.bulk import ReadBack

# More trunks than a person reads one by one; `--full` shows them.
MOST_TRUNKS = 20


def show_plan(plan: Plan, bad: Sequence[BadRow], *, json: bool, full: bool) -> None:
    """Write what would be changed, as long as somebody reads it."""
    with until_nobody_reads():
        if json:
            write_plan(plan, bad)
        else:
            _show_items(plan, bad, full=full)


# -- for people -------------------------------------------------------------------------------------------------------


def _show_items(plan: Plan, bad: Sequence[BadRow], *, full: bool) -> None:
    """Write what would change: trunk by trunk, field by field, and how many rows have each verdict.

    Of many trunks only those are shown that are refused or at risk, unless it is to be `full`. Trunks that would not
    change are only counted.
    """
    items = [item for item in plan if item.verdict is not Verdict.UNCHANGED]
    is_long = len(items) > MOST_TRUNKS and not full
    if is_long:
        wanting = [item for item in items if item.refusal is not None or item.risks]
        left_out = len(items) - len(wanting[:MOST_TRUNKS])
        items = wanting[:MOST_TRUNKS]
    for item in items:
        _show_item(item, plan)
    if is_long:
        line(f"{counted(left_out, 'trunk')}{' more' if items else ''}; --full shows each one.", SOFT)
    if items or is_long:
        line("")
    show_fields(plan)
    show_counts(plan, bad)


def say_bad_rows(bad: Sequence[BadRow]) -> None:
    """Say on stderr what is wrong with rows, all of them at once."""
    if bad:
        say("\n".join(map(visible, bad)))
        say(f"{counted(count_of(bad), 'row')} cannot be sent.", BAD)


def _show_item(item: PlanItem, plan: Plan) -> None:
    line(f"{_trunk(item)}: {_verdict(item)} ({visible(item.place)})", BAD if item.refusal is not None else "")
    for change in item.changes:
        line(f"  {visible(change)}", _style_of(change))
    if item.swap is not None:
        first = f"{_after(item.swap.needs, plan)} with the temporary name {item.swap.name}".strip()
        line(f"  sent twice: first {visible(first)}, then {_after(item.needs, plan)} with its own", SOFT)
    elif item.needs:
        line(f"  sent {_after(item.needs, plan)}", SOFT)
    for risk in item.risks:
        line(f"  at risk: {visible(risk)}", CARE)
    if item.refusal is not None:
        line(f"  {visible(item.refusal)}", BAD)


def _after(needs: Sequence[int], plan: Plan) -> str:
    places = [plan.items[index].place for index in needs]
    return f"after {places[0].unit} {', '.join(str(place.line) for place in places)}" if places else ""


def _style_of(change: FieldChange) -> str:
    """Return the colour of a change: green adds what was not there, red takes away, yellow replaces."""
    if change.before is None and not change.secret:
        return GOOD
    return BAD if change.after is None else CARE


def show_fields(plan: Plan) -> None:
    """Write how many of the trunks to update change in each field, and what the most of them become."""
    found: dict[str, list[FieldChange]] = {name: [] for name in FIELDS}
    for item in plan.of(Verdict.UPDATE):
        for change in item.changes:
            found[change.name].append(change)
    rows = [(times(len(changes)), name, _most_often(changes)) for name, changes in found.items() if changes]
    if not rows:
        return
    counts, names = (max(map(len, column)) for column in list(zip(*rows, strict=True))[:2])
    for count, name, becomes in rows:
        line(f"{count:>{counts}} {name:<{names}}  {visible(becomes)}")
    line("")


def _most_often(changes: Sequence[FieldChange]) -> str:
    """Return what the most of these changes have in common: before and after, or else what it becomes."""
    values = Counter(map(_value_of, changes))
    ((text, count),) = values.most_common(1)
    if count == len(changes):
        return text
    return f"{text} ({count:,} of them)" if 2 * count > len(changes) else f"{len(values):,} different values"


def _value_of(change: FieldChange) -> str:
    return "(changed)" if change.secret else f"-> {shown(change.after)}"


def _trunk(item: PlanItem) -> str:
    named = "" if item.trunk_name is None else f" {visible(item.trunk_name)}"
    return f"Trunk{'' if item.key_id is None else f' {item.key_id}'}{named}"


def _verdict(item: PlanItem) -> str:
    return f"{item.verdict.value}, disabled" if item.disabled else item.verdict.value


def show_counts(plan: Plan, bad: Sequence[BadRow], *, before: Mapping[str, int] | None = None) -> None:
    """Write how many rows have each verdict; `before` are the counts of rows that the job was through with before."""
    rows = [
        *((name, count, "in an earlier run of this job: not sent again") for name, count in (before or {}).items()),
        ("To update", plan.counts[Verdict.UPDATE], "" if before is None else "what is left of the job: sent now"),
        ("  at risk", len(plan.at_risk), "the vendor may refuse them: another trunk has the same value"),
        ("  disabled", len(plan.disabled), "sent all the same"),
        ("  sent twice", len(plan.swaps), "names are exchanged: these trunks get a temporary one first"),
        (
            "Unchanged",
            plan.counts[Verdict.UNCHANGED],
            "already up to date" if before is None else "of what is left: already up to date",
        ),
        ("Not found", plan.counts[Verdict.NOT_FOUND], "no such trunk"),
        ("Refused", plan.counts[Verdict.REFUSED], "certain to be refused, or to do harm"),
        ("Bad rows", count_of(bad), "cannot be read, or break a rule"),
    ]
    table(
        ("Rows", "Count", "Meaning"),
        [row for row in rows if row[1] or row[0] in ("To update", "Unchanged")],
        {"  at risk": CARE, "Not found": BAD, "Refused": BAD, "Bad rows": BAD},
    )


# -- counts -----------------------------------------------------------------------------------------------------------


def counts_of(plan: Plan, bad: Sequence[BadRow]) -> dict[str, int]:
    """Return the counts by their names in JSON."""
    return {
        **{verdict.value.replace(" ", "_"): plan.counts[verdict] for verdict in Verdict},
        "at_risk": len(plan.at_risk),
        "disabled": len(plan.disabled),
        "sent_twice": len(plan.swaps),
        "bad": count_of(bad),
    }


def status_of_plan(plan: Plan, bad: Sequence[BadRow]) -> int:
    """Return the exit status for a plan that is only shown."""
    if bad or plan.counts[Verdict.REFUSED] or plan.counts[Verdict.NOT_FOUND]:
        return REFUSED
    return CHANGES_TO_MAKE if plan.has_changes else DONE


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


def _changes_data(changes: Iterable[FieldChange]) -> dict[str, Any]:
    """Return as JSON the value of each field before and after."""
    return {change.name: {"from": _data(change.before), "to": _data(change.after)} for change in changes}


def write_read_back(event: str, rows: Iterable[ReadBack]) -> None:
    """Write one JSON object for each trunk that was read back."""
    for row in rows:
        json_line(
            {
                "event": event,
                **place_data(row.place),
                "key_id": row.key_id,
                "trunk_name": row.trunk_name,
                "state": row.state.value,
                "found": row.found,
                "as_wanted": row.ok,
                "changes": _changes_data(row.differences),
            }
        )


def _fields(item: PlanItem, plan: Plan) -> Iterator[tuple[str, Any]]:
    yield "verdict", item.verdict.value.replace(" ", "_")
    yield from place_data(item.place).items()
    yield "key_id", item.key_id
    yield "trunk_name", item.trunk_name
    yield "disabled", item.disabled
    yield "changes", _changes_data(item.changes)
    yield "risks", [{"code": risk.code, "trunks": risk.trunks, "text": str(risk)} for risk in item.risks]
    yield "temporary_name", None if item.swap is None else item.swap.name
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
