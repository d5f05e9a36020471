"""The report's page: what it says, that it needs nothing and runs nothing, and how a browser takes it."""

from __future__ import annotations

import random
import re
import stat
import sys
from datetime import timedelta, timezone
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings, strategies as st
from support.chromium import look_at
from support.journals import DONE, HEADER, LOST, NAME_TAKEN, NOT_FOUND, STORM, UNCHANGED, WAITING, journal_row, report

from itnio_async.bulk.files.places import BadRow, Place
from itnio_async.bulk.job.options import JobOptions, as_data
from itnio_async.bulk.journal.rows import Run, RunEnd
from itnio_async.bulk.report import page as report_html
from itnio_async.bulk.report.charts import nice_top
from itnio_async.bulk.report.page import html_of, write_html
from itnio_async.bulk.report.report import Report
from itnio_async.errors import ConfigurationError

EVIL = "</script><script>document.title='run'</script><img src=https://example.com/x onerror=alert(1)>&amp;\"'"


class Page(HTMLParser):
    """The tags of a page with their attributes, and its words; complains of tags that do not close in order."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.words = []
        self.open = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "link"):
            self.open.append(len(self.tags))
        self.handle_startendtag(tag, attributes)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.words.append("")

    def handle_endtag(self, tag):
        assert self.tags[self.open.pop()][0] == tag

    def handle_data(self, data):
        if self.open:
            self.words[self.open[-1]] += data

    def words_in(self, wanted):
        """The words that stand directly in each tag of this name."""
        return [words for (tag, _), words in zip(self.tags, self.words, strict=True) if tag == wanted]


def test_it_says_what_became_of_the_rows():
    text = html_of(report(DONE, DONE, UNCHANGED, WAITING, NAME_TAKEN, NOT_FOUND, STORM, LOST))
    Page(text)
    assert "<h1>trunks.csv</h1>" in text
    assert facts_in(text) == {
        "Account": "bDq*** at api.itniotech.com",
        "Begun": "1970-01-01 00:15:00 UTC",
        "Took": "2.5 s from the first answer to the last",
        "Retries": "3",
        "Read back": "nothing (--verify reads all trunks back)",
    }
    assert "Not all is well: 3 of 8 rows are as wanted, 2 refused, 2 of unknown outcome, 1 not sent." in text
    for count, name, meaning in (
        (8, "Rows", ""),
        (2, "Done", "accepted by the vendor"),
        (1, "Unchanged", "already up to date"),
        (2, "Refused", "not changed"),
        (2, "Unknown", "sent, but no answer says whether they were updated"),
        (1, "Not sent", "not changed"),
    ):
        assert f"<b>{count}</b><span>{name}</span><small>{meaning}</small>" in text
    assert "4 failed rows" in text
    assert "Choose another name; names are unique in the account." in text
    assert text.count("<svg") == 2


def facts_in(text):
    """What the page says of the job as a whole."""
    page = Page(text)
    return dict(zip(page.words_in("dt"), page.words_in("dd"), strict=True))


def test_nothing_failed():
    text = html_of(report(DONE, UNCHANGED))
    assert "All is well: all 2 rows are as wanted." in text
    assert "<table" not in text
    assert "<svg" not in text


def test_times_in_a_zone_of_ones_own():
    text = html_of(report(DONE, STORM), zone=timezone(timedelta(hours=8), "CST"))
    assert "1970-01-01 08:15:00 CST" in text
    assert ">08:16:40</text>" in text


def test_lines_break_where_no_row_ended_and_a_moment_alone_is_a_dot():
    ends = (1000.0, 1001.0, 1005.0)
    drawn = Page(html_of(report(*[DONE._replace(ended=end) for end in ends]))).tags
    assert [tag for tag, _ in drawn if tag in ("polyline", "circle")] == ["polyline", "circle"] * 2
    assert [tag for tag, _ in drawn].count("rect") == 3


def test_a_running_job_and_disabled_trunks_are_told():
    rows = (journal_row(0, DONE, disabled=True), journal_row(1, DONE))
    text = html_of(Report(HEADER, rows, is_running=True))
    assert "The job is running" in text
    assert "accepted by the vendor (1 on disabled trunks)" in text


def test_only_so_many_rows_as_a_person_reads(monkeypatch):
    monkeypatch.setattr(report_html, "MOST_ROWS", 3)
    text = html_of(report(*[NAME_TAKEN] * 5))
    assert "5 failed rows" in text
    assert "The first 3 of them" in text
    assert text.count("Duplicate") == 3


def test_it_loads_nothing_and_runs_only_its_own_script():
    evil = NAME_TAKEN._replace(reason=EVIL, error=EVIL)
    rows = (journal_row(0, evil, trunk_name=EVIL), journal_row(1, DONE))
    text = html_of(Report(attrs.evolve(HEADER, source=EVIL, host=EVIL, api_key=EVIL), rows))
    tags = Page(text).tags
    assert [tag for tag, _ in tags].count("script") == 1
    assert not [tag for tag, _ in tags if tag in ("img", "iframe", "object", "embed", "base", "form")]
    links = {value for _, attributes in tags for name, value in attributes.items() if name in ("src", "href")}
    assert links == {"data:,", "#reason-0"}
    assert not re.search(r"url\(|@import", text)


def run(**more):
    """A run with its end."""
    end = RunEnd(ended=1010.0, how="finished", retries=3)
    values = {"by": "me@here", "began": 990.0, "options": as_data(JobOptions()), "end": end, "exit_status": 3}
    return Run(**{**values, **more})


def everything(text="x"):
    """A report in which everything is that can be there, with a text from elsewhere wherever one can be."""
    changed = {"before": {"sip_prefix": text}, "after": {"sip_prefix": f"{text}1"}, "trunk_name": text}
    rows = (
        journal_row(0, DONE, **changed, canary=True, verified=True, read_back="as wanted"),
        journal_row(1, DONE, **changed, drifted=True, verified=False, read_back=f"sip_prefix is {text}"),
        journal_row(2, NAME_TAKEN._replace(reason=text, error=text), **changed, new_secrets=("sip_password",)),
        journal_row(3, NOT_FOUND._replace(reason=text, error=text, attempts=1), trunk_name=text),
        journal_row(4, LOST._replace(reason=text, error=text), trunk_name=text),
        journal_row(5, WAITING),
    )
    bad = [
        BadRow(Place(text, 8, text), text, -55, {"key_id": text, "sipTrunkName": text, "sip_password": ""}),
        BadRow(Place(text, 8, text), text, None, {"key_id": text}),
    ]
    cut_off = run(by=text, end=RunEnd(ended=1010.0, how="error", reason=text), options={"cookies": text}, exit_status=1)
    header = attrs.evolve(HEADER, source=text, host=text, api_key=text)
    return Report(header, rows, runs=(run(by=text, end=None), cut_off), bad=bad)


def test_everything_is_there():
    page = Page(html_of(everything("there")))
    assert page.words_in("h2") == [
        "The job",
        "Why rows are not done",
        "Over time",
        "5 failed rows",
        "1 row had drifted since an earlier job",
        "Canary: 1 row went first",
        "Changes of 3 rows",
        "2 runs",
    ]
    cells = page.words_in("td")
    assert "sip_prefix: there -> there1" in cells
    assert "sip_prefix: there -> there1\nsip_password: (changed)" in cells
    assert "error, there" in cells
    assert "no end was noted" in cells
    assert "column there: there column there: there" in cells
    assert facts_in(html_of(everything("there")))["Canary"] == "1 row went first, 1 read back as wanted"
    verdict = next(words for words in page.words_in("p") if words.startswith("Not all"))
    assert verdict == (
        "Not all is well: 1 of 7 rows is as wanted, 2 refused, 1 of unknown outcome, 1 read back otherwise, "
        "1 left out as bad, 1 not sent. It ended early."
    )


def test_each_reason_leads_to_its_first_row():
    tags = Page(html_of(everything())).tags
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    marked = [attributes for tag, attributes in tags if tag == "tr" and "id" in attributes]
    assert {f"#{attributes['id']}" for attributes in marked} == set(links)
    assert all(attributes["id"] == attributes["data-reason"] for attributes in marked)


TAGS = ("</script>", "<script>", "</style>", "</td>", "</title>", "<!--", "-->", "<![CDATA[", "]]>", "<img/src=x>")
MARKS = ("'", '"', "`", "=", ">", "<", "&", "&lt;", "&#34;", "/", "\\", "{{version}}", "{%raw%}", "{#", "#}")
ODD = (" onclick=alert(1)", "javascript:", " ", "\n", "\0", "\u2028", "\u202e", "\ud800", "\U0001f512", "名")
HOSTILE = st.text(st.characters(), max_size=20) | st.lists(st.sampled_from(TAGS + MARKS + ODD)).map("".join)


@settings(max_examples=50)
@given(*[HOSTILE] * 6)
def test_whatever_is_in_a_value_it_is_only_words(source, host, api_key, name, reason, error):
    def made_of(source, host, api_key, name, reason, error):
        refused = NOT_FOUND._replace(reason=reason, error=error, attempts=1)
        lost = LOST._replace(error=error, reason=reason)
        rows = [journal_row(number, result, trunk_name=name) for number, result in enumerate((DONE, refused, lost))]
        header = attrs.evolve(HEADER, source=source, host=host, api_key=api_key)
        return Report(header, tuple(rows))

    made = made_of(source, host, api_key, name, reason, error)
    hostile, plain = Page(html_of(made)), Page(html_of(made_of(*"abcdef")))
    # Nothing is opened or closed by a value, and none is in an attribute.
    assert hostile.tags == plain.tags
    assert hostile.words_in("h1") == [Path(source).name]
    if host:
        assert hostile.words_in("dd")[0] == f"{api_key} at {host}"
    full, plain = Page(html_of(everything(reason))), Page(html_of(everything("a")))
    # A text without letters leaves out what there is nothing to say of.
    if reason:
        assert full.tags == plain.tags
    cells = hostile.words_in("td")
    assert cells[2:8:4] == [one.meaning for one in made.reasons]
    assert cells[10::6] == [name, name]
    assert cells[13::6] == [one.text for one in made.listed]


@given(st.floats(0, 1e6), st.lists(st.floats(0, 4e9), min_size=2, max_size=9))
def test_any_times_make_a_page(elapsed, ends):
    rows = tuple(journal_row(number, STORM._replace(ended=end, elapsed=elapsed)) for number, end in enumerate(ends))
    Page(html_of(Report(HEADER, rows)))


def test_without_jinja2_it_says_what_to_install_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    made = report(DONE)
    for write in (html_of, lambda made: write_html(made, tmp_path / "report.html")):
        with pytest.raises(ConfigurationError, match=r"needs Jinja2.*pip install 'itnio-async\[cli\]'"):
            write(made)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("before", [None, 0o644])
def test_the_file_is_its_owners_alone(tmp_path, before):
    path = tmp_path / "report.html"
    if before is not None:
        path.write_text("old")
        path.chmod(before)
    write_html(report(DONE, STORM), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().endswith("</html>\n")
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_html(report(DONE), tmp_path / "missing" / "report.html")


@given(st.floats(1e-6, 1e9))
def test_axes_end_at_a_round_number_not_far_above(value):
    assert value <= nice_top(value) <= 2.5 * value


# -- in a browser -----------------------------------------------------------------------------------------------------


def job(size=400):
    """A report like that of a real job, with a name that must not run."""
    drawn = random.Random(1)
    results = [DONE, DONE, DONE, DONE, UNCHANGED, NAME_TAKEN, STORM, LOST, NOT_FOUND]
    rows = [journal_row(0, NAME_TAKEN._replace(reason=EVIL), trunk_name=EVIL)]
    for number in range(1, size):
        result = drawn.choice(results)
        ended = None if result.ended is None else 1000 + number / 20
        rows.append(journal_row(number, result._replace(ended=ended, elapsed=drawn.random())))
    return Report(HEADER, tuple(rows))


def sorted_by(page, *columns):
    """The page, with the column's buttons pressed once it is there, and what the script makes of it."""
    presses = "".join(f'document.querySelectorAll("#failed button")[{column}].click();' for column in columns)
    return page.replace("</script></body>", f"</script><script>{presses}</script></body>")


def cells(document, column):
    body = re.search(r'id="failed".*?<tbody>(.*?)</tbody>', document, re.DOTALL)[1]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)[column] for row in re.split("<tr[^>]*>", body)[1:]]


@pytest.mark.parametrize(
    ("presses", "column", "expected"),
    [
        ((), 0, lambda lines: sorted(lines, key=int)),
        ((1, 1), 1, lambda ids: sorted(ids, key=int, reverse=True)),
        ((4,), 4, lambda codes: sorted(codes, key=lambda code: (code == "", int(code or 0)))),
        ((3,), 3, sorted),
    ],
)
def test_a_browser_shows_it_offline_and_sorts_it(tmp_path, presses, column, expected):
    made = job()
    page = tmp_path / "report.html"
    page.write_text(sorted_by(html_of(made), *presses))
    seen = look_at(page, tmp_path / "profile")
    assert seen.console == []
    assert "<title>" in seen.document
    assert "run" not in re.search("<title>(.*?)</title>", seen.document)[1].replace("trunks", "")
    found = cells(seen.document, column)
    assert len(found) == len(made.failed)
    assert found == expected(found)
    assert EVIL in seen.text


def rows_after(tmp_path, text, steps):
    """What is seen of the failed rows after these steps of a script, and the words above them."""
    page = tmp_path / "report.html"
    page.write_text(text.replace("</script></body>", f"</script><script>{steps}</script></body>"))
    seen = look_at(page, tmp_path / "profile")
    assert seen.console == []
    body = re.search(r'id="failed".*?<tbody>(.*?)</tbody>', seen.document, re.DOTALL)[1]
    rows = [part for part in body.split("<tr")[1:] if "hidden" not in part.partition(">")[0]]
    told = re.search(r"<output>(.*?)</output>", seen.document)[1]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows], told


@pytest.mark.parametrize("number", [0, 2])
def test_a_link_of_a_reason_leaves_its_rows_alone(tmp_path, number):
    made = job()
    (one,) = made.reasons[number : number + 1]
    click = f"document.querySelectorAll('#reasons tbody tr')[{number}].querySelector('a').click();"
    rows, told = rows_after(tmp_path, html_of(made), click)
    assert len(rows) == one.count
    assert told == f"{one.count} of {len(made.failed)} rows"
    assert {row[4] for row in rows} == {"" if one.code is None else str(one.code)}


@pytest.mark.parametrize(
    ("typed", "then", "left"),
    [
        ("-18", "", lambda row: row.result.code == -18),
        ("UNKNOWN  trunk1", "", lambda row: row.state.value == "unknown" and "trunk1" in row.trunk_name),
        ("-18", "document.querySelector('.filter button').click();", lambda row: True),
        ("nothing like it", "", lambda row: False),
    ],
)
def test_a_filter_shows_the_rows_with_all_its_words(tmp_path, typed, then, left):
    made = job()
    type_it = f"const it = document.querySelector('.filter input'); it.value = '{typed}';"
    rows, told = rows_after(tmp_path, html_of(made), f"{type_it} it.dispatchEvent(new Event('input')); {then}")
    expected = [str(row.place.line) for row in made.failed if left(row)]
    assert [row[0] for row in rows] == expected
    assert told == ("" if len(expected) == len(made.failed) else f"{len(expected)} of {len(made.failed)} rows")


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_the_page_is_no_wider_than_the_screen_it_is_on(tmp_path, width):
    long = "x" * 300
    rows = (*job(40).rows, journal_row(40, NAME_TAKEN._replace(reason=long), trunk_name=long))
    text = html_of(Report(attrs.evolve(HEADER, source=long, host=long), rows))
    screen = tmp_path / "screen.html"
    # Headless windows are at least 500 pixels wide; a frame takes any width, and the page takes it for its screen's.
    screen.write_text(f"""
        <p></p><iframe style="width:{width}px;border:0" srcdoc="{escape(text)}"></iframe>
        <script>
        const frame = document.querySelector("iframe"), told = document.querySelector("p");
        frame.onload = () => told.textContent = frame.contentDocument.documentElement.scrollWidth;
        </script>
    """)
    found = re.search("<p>(.*?)</p>", look_at(screen, tmp_path / "profile").document)[1]
    assert int(found) <= width


def test_errors_on_the_console_would_be_seen(tmp_path):
    page = tmp_path / "broken.html"
    page.write_text(
        html_of(job(20)).replace("</body>", "<script>nowhere()</script><img src=http://example.com/x></body>")
    )
    console = look_at(page, tmp_path / "profile").console
    assert any("nowhere is not defined" in line for line in console)
    assert any("Content Security Policy" in line for line in console)
