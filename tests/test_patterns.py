"""No pattern of the package may try a text in more than one way: a peer or customer could make that take for ever."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import itnio_async

ROOT = Path(itnio_async.__file__).parent
FUNCTIONS = {"compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"}


def written_patterns() -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of `re` in the package's source."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and (node.func.value.id, node.func.attr in FUNCTIONS) == ("re", True)
            ):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def choices(pattern: str | bytes, flags: int) -> list[str]:
    """Return what in a pattern can be read in several ways: repeats that give back what they have taken."""
    parser: Any = importlib.import_module("re._parser")
    found: list[str] = []

    def walk(item: Any, *, repeated: bool) -> None:
        if isinstance(item, tuple) and item and str(item[0]) in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            kind, (least, most, inner) = str(item[0]), item[1]
            if kind != "POSSESSIVE_REPEAT" and most != least and (most > 1 or repeated):
                found.append(f"{kind} {least} to {most}")
            walk(inner, repeated=repeated or most > 1)
        elif isinstance(item, tuple | list | parser.SubPattern):
            for part in item:
                walk(part, repeated=repeated)

    walk(parser.parse(pattern, flags), repeated=False)
    return found


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("a+b", 1),
        (r"(?:\\{1,3})*+b", 1),
        ("(?:a?b)*+", 1),
        ("a*?b", 1),
        ("(?:a|b+)c?", 1),
        ("a++b*+c{1,3}+d?e{2}", 0),
    ],
)
def test_the_rule_sees_a_repeat_that_gives_back(pattern: str, count: int) -> None:
    assert len(choices(pattern, 0)) == count


@pytest.mark.parametrize(("place", "call"), [pytest.param(*found, id=found[0]) for found in written_patterns()])
def test_each_pattern_reads_a_text_in_one_way(place: str, call: ast.Call) -> None:
    # A pattern put together at run time could not be looked at here.
    pattern = ast.literal_eval(call.args[0])
    assert choices(pattern, re.VERBOSE if "VERBOSE" in ast.unparse(call) else 0) == [], place


def test_all_patterns_of_the_package_are_among_those() -> None:
    seen = {ast.literal_eval(call.args[0]) for _, call in written_patterns()}
    for module in pkgutil.walk_packages([str(ROOT)], "itnio_async."):
        if module.name.endswith("__main__"):
            continue
        try:
            names = vars(importlib.import_module(module.name))
        except ImportError:  # an extra that is not installed
            continue
        for name, value in names.items():
            if isinstance(value, re.Pattern):
                assert value.pattern in seen, f"{module.name}.{name}"
