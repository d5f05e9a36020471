"""A report as one page of HTML that needs nothing else: no network, no other file, and no secret in it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from html import escape
from pathlib import Path
from typing import Any

from itnio_async._version import __version__
from itnio_async.bulk.files.private_file import private_file
from itnio_async.bulk.journal.rows import JournalRow, RowState
from itnio_async.bulk.report import charts
from itnio_async.bulk.report.report import Reason, Report, explain

# More than a person reads, and few enough for a browser to sort; `--failed` writes all of them.
MOST_ROWS = 5_000

_TILES = (
    (RowState.DONE, "done", "good"),
    (RowState.UNCHANGED, "stood so already", "still"),
    (RowState.REFUSED, "refused", "bad"),
    (RowState.UNKNOWN, "outcome unknown", "bad"),
    (RowState.WAITING, "not sent", "still"),
    (RowState.SENT, "under way", "still"),
)


def write_html(report: Report, path: str | os.PathLike[str], *, zone: tzinfo | None = None) -> None:
    """Write the page; the file is its owner's alone (mode 0600). `zone` is what times are shown in, UTC unless given.

    Raises `ConfigurationError` where it cannot be written.
    """
    with private_file(path) as file:
        file.write(html_of(report, zone=zone).encode("utf-8", "replace"))


def html_of(report: Report, *, zone: tzinfo | None = None) -> str:
    """Return the page as text; `zone` is what times are shown in, UTC unless given."""
    zone = zone or UTC
    source = escape(Path(report.header.source).name)
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{source}: report</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            # The page may load nothing, whatever a name in it tries.
            '<meta http-equiv="Content-Security-Policy" '
            "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">",
            f'<link rel="icon" href="data:,"><style>{_STYLE}</style></head><body><main>',
            *_heading(report, source, zone),
            *_tiles(report),
            *_reasons(report.reasons),
            *_charts(report, zone),
            *_failed(report.failed),
            f"<footer>itnio-async {escape(__version__)}. No password or secret is in this page.</footer>",
            f"</main><script>{_SCRIPT}</script></body></html>",
            "",
        ]
    )


def _heading(report: Report, source: str, zone: tzinfo) -> Iterable[str]:
    header = report.header
    when = datetime.fromtimestamp(header.created, zone).strftime("%Y-%m-%d %H:%M %Z")
    took = f", {_duration(report.seconds)} from the first answer to the last" if report.seconds else ""
    yield f"<h1>{source}</h1>"
    yield f"<p class=about>Account {escape(header.api_key)} at {escape(header.host)} &middot; begun {when}{took}</p>"
    if report.is_running:
        yield "<p class=note>The job is running: this is how it stood when the page was made.</p>"


def _tiles(report: Report) -> Iterable[str]:
    yield "<section class=tiles>"
    yield f"<div class=tile><b>{len(report.rows):,}</b><span>rows</span></div>"
    for state, label, kind in _TILES:
        if count := report.counts[state]:
            more = f" ({report.disabled:,} on disabled trunks)" if state is RowState.DONE and report.disabled else ""
            yield f'<div class="tile {kind}"><b>{count:,}</b><span>{label}{more}</span></div>'
    yield "</section>"


def _reasons(reasons: Sequence[Reason]) -> Iterable[str]:
    if not reasons:
        yield "<p class=note>Every row stands as the file wants it.</p>"
        return
    yield "<h2>Why rows are not done</h2><div class=wide><table><thead><tr>"
    yield "<th>Code<th>Rows<th>Meaning<th>What to do</tr></thead><tbody>"
    for reason in reasons:
        code = "" if reason.code is None else reason.code
        yield (
            f"<tr><td class=number>{code}<td class=number>{reason.count:,}"
            f"<td>{escape(reason.meaning)}<td>{escape(reason.advice)}</tr>"
        )
    yield "</tbody></table></div>"


def _charts(report: Report, zone: tzinfo) -> Iterable[str]:
    timeline = report.timeline
    if len(timeline.moments) < 2:
        return
    begins = [moment.begin for moment in timeline.moments]
    yield "<h2>Over time</h2><div class=charts>"
    yield charts.bars(
        "Rows a second",
        begins,
        [
            ("done", "good", [moment.done / timeline.step for moment in timeline.moments]),
            ("refused or unknown", "bad", [moment.failed / timeline.step for moment in timeline.moments]),
        ],
        zone,
    )
    yield charts.lines(
        "Seconds a row took, repeats and waits included",
        begins,
        [
            ("half of them at most", "good", [_or_gap(moment.median) for moment in timeline.moments]),
            ("95 of 100 at most", "slow", [_or_gap(moment.slowest) for moment in timeline.moments]),
        ],
        zone,
    )
    yield "</div>"


def _or_gap(value: float) -> float | None:
    return value or None


_COLUMNS = (("Line", "number"), ("Key id", "number"), ("Name", ""), ("State", ""), ("Code", "number"), ("Reason", ""))


def _failed(rows: Sequence[JournalRow]) -> Iterable[str]:
    if not rows:
        return
    shown = rows[:MOST_ROWS]
    yield f"<h2>{len(rows):,} failed row{'' if len(rows) == 1 else 's'}</h2>"
    if len(shown) < len(rows):
        yield f"<p class=note>The first {len(shown):,} of them; <code>--failed</code> writes all into a file.</p>"
    yield "<div class=wide><table id=failed><thead><tr>"
    for name, kind in _COLUMNS:
        # A button, so that the keyboard can sort too.
        yield f'<th class="{kind}" aria-sort=none><button type=button>{name}</button>'
    yield "</tr></thead><tbody>"
    for row in shown:
        cells = (row.place.line, row.key_id, row.trunk_name, row.state.value, row.result.code, _why(row))
        yield "<tr>" + "".join(_cell(cell, kind) for cell, (_, kind) in zip(cells, _COLUMNS, strict=True)) + "</tr>"
    yield "</tbody></table></div>"


def _why(row: JournalRow) -> str:
    meaning = explain(row).meaning
    return f"{meaning}: {row.result.reason}" if row.result.reason else meaning


def _cell(value: Any, kind: str) -> str:
    opened = f'<td class="{kind}">' if kind else "<td>"
    return opened + escape("" if value is None else str(value))


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


_STYLE = """
:root{color-scheme:light dark;--ink:#1c2126;--soft:#5d6873;--line:#dde2e7;--page:#f6f7f9;--card:#fff;--good:#1a7f5a;
--bad:#c2412d;--slow:#b7791f}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#98a3ad;--line:#333c45;--page:#14181c;--card:#1c2227;
--good:#4cc38a;--bad:#f0796a;--slow:#e5b454}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:2rem 1.25rem}
h1{margin:0;font-size:1.6rem;overflow-wrap:anywhere}h2{margin:2.25rem 0 .75rem;font-size:1.1rem}
.about,.note,footer{color:var(--soft);margin:.25rem 0}footer{margin-top:2.5rem;font-size:.85rem}
.tiles{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
.tile,.wide,figure{background:var(--card);border:1px solid var(--line);border-radius:8px}
.tile{padding:.75rem 1.1rem;min-width:7.5rem}.tile b{display:block;font-size:1.6rem;line-height:1.2}
.tile span{color:var(--soft);font-size:.85rem}.tile.good b{color:var(--good)}.tile.bad b{color:var(--bad)}
.wide{overflow-x:auto}table{width:100%;border-collapse:collapse}
th,td{padding:.5rem .8rem;text-align:left;vertical-align:top}thead th{font-size:.85rem;color:var(--soft)}
tbody tr{border-top:1px solid var(--line)}td{overflow-wrap:break-word;max-width:32rem}
#failed td:last-child{overflow-wrap:anywhere;min-width:16rem}
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
th button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}
th button::after{content:"\\2195";margin-left:.35em;opacity:.4}
th[aria-sort=ascending] button::after{content:"\\2191";opacity:1}
th[aria-sort=descending] button::after{content:"\\2193";opacity:1}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:.75rem}
figure{margin:0;padding:1rem}figcaption{font-weight:600;margin-bottom:.25rem}
.key{font-size:.85rem;color:var(--soft);margin:0 1rem 0 0;display:inline-flex;align-items:center;gap:.4em}
.key i{width:.7em;height:.7em;border-radius:2px;background:currentColor}
svg{display:block;width:100%;height:auto;margin-top:.5rem}
svg text{font:11px system-ui,sans-serif;fill:var(--soft)}svg .grid{stroke:var(--line)}
rect.good{fill:var(--good)}rect.bad{fill:var(--bad)}
polyline,svg circle{fill:none;stroke-width:2;stroke-linejoin:round}.good{--tone:var(--good)}.slow{--tone:var(--slow)}
.bad{--tone:var(--bad)}polyline,svg circle{stroke:var(--tone)}.key i{color:var(--tone)}
@media print{body{background:#fff}.tile,.wide,figure{break-inside:avoid}}
"""

_SCRIPT = """
"use strict";
const table = document.getElementById("failed");
if (table) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  const collator = new Intl.Collator(undefined, {numeric: true});
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach(other => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const isNumber = head.classList.contains("number");
    const key = row => { const text = row.cells[column].textContent; return isNumber && text ? Number(text) : text; };
    const compare = isNumber
      ? (a, b) => (a === "") - (b === "") || a - b
      : (a, b) => collator.compare(a, b);
    const rows = [...body.rows].map(row => [key(row), row]);
    rows.sort((a, b) => (down ? -1 : 1) * compare(a[0], b[0]));
    body.replaceChildren(...rows.map(pair => pair[1]));
  }));
}
"""
