"""What the vendor's pages say about each endpoint: a copy of the facts, as data, in `tests/api/facts`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from support.families import all_of

FOLDER = Path(__file__).parent.parent / "api" / "facts"

ENVELOPE = {"status", "reason", "code", "msg"}
PAGE = {"total", "size", "current", "pages", "searchCount"}


def facts() -> list[dict[str, Any]]:
    """Return the endpoints of all families."""
    files = sorted(FOLDER.glob("*.json"))
    return [endpoint for file in files for endpoint in json.loads(file.read_text(encoding="utf-8"))["endpoints"]]


FACTS: dict[str, dict[str, Any]] = {f"{fact['method']} {fact['path']}": fact for fact in facts()}
"""By method and path."""


def is_listing(fact: dict[str, Any]) -> bool:
    """Tell whether an endpoint gives one page of records."""
    return any(field["name"] == "current" for field in fact["request"])


def request_fields(fact: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each field of a request, also those within others, with its path."""
    yield from _walk(fact["request"], "")


def answer_fields(fact: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of what an answer is about: of each record of a page, of the data, or of what is beside it."""
    beside = [field for field in fact["response"] if field["name"] not in ENVELOPE]
    data = next((field for field in beside if field["name"] == "data"), None)
    if data is None:
        return beside
    inner: list[dict[str, Any]] = data.get("items", [])
    records = next((field for field in inner if field["name"] == "records"), None)
    return inner if records is None else records.get("items", [])


def is_unknown_answer(fact: dict[str, Any]) -> bool:
    """Tell whether nothing is known of what an answer is about."""
    data = [field for field in fact["response"] if field["name"] not in ENVELOPE]
    return fact.get("response_incomplete", False) and all(field["type"] == "Unknown" for field in data)


def codes_of(fact: dict[str, Any]) -> set[int]:
    """Return the codes that a page lists, but for success."""
    return {entry["code"] for entry in fact["status_codes"] + fact.get("status_codes_extra", [])} - {0}


def example(fact: dict[str, Any], name: str) -> Any:
    """Return a sample of a page as JSON data, or None; of one that is cut, what is there."""
    examples = fact.get("examples", {})
    if name in examples:
        return json.loads(examples[name])
    partial = examples.get(f"{name}_partial")
    return None if partial is None else _mended(partial)


def sent_sample(fact: dict[str, Any], call: str) -> Any:
    """Return a sample's request, with the table's types where the sample has others that only differ in their form."""
    sample = example(fact, "request")
    if sample is None:
        return all_of("SENT").get(call)
    for path, field in request_fields(fact):
        if field["type"] == "Integer" and field.get("sample_type") == "String" and str(sample.get(path)).isdigit():
            sample[path] = int(sample[path])
        if field["type"] == "String" and field.get("sample_type") == "Integer" and call != "sip_trunks.add":
            assert type(sample[path]) is int
            sample[path] = str(sample[path])
    return sample | all_of("OTHER_VALUES").get(call, {})


def assert_same_address(url: httpx.URL, sample: str) -> None:
    """Check an address against a sample's, where a comma may be encoded or not."""
    wanted = httpx.URL(sample)
    assert url.copy_with(query=None) == wanted.copy_with(query=None)
    assert url.params == wanted.params


def _mended(text: str) -> Any:
    """Return the data of a text whose end is missing: the last thing that is not whole goes, and what is open ends."""
    whole = text[: text.rindex(",")]
    opened: list[str] = []
    is_text = False
    for index, letter in enumerate(whole):
        if letter == '"' and whole[index - 1] != "\\":
            is_text = not is_text
        elif not is_text and letter in "{[":
            opened.append("}" if letter == "{" else "]")
        elif not is_text and letter in "}]":
            opened.pop()
    return json.loads(whole + "".join(reversed(opened)))


def _walk(fields: list[dict[str, Any]], before: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for field in fields:
        yield f"{before}{field['name']}", field
        yield from _walk(field.get("items", []), f"{before}{field['name']}.")
