"""Puts results into the README of this package, each into the section of its own."""

from __future__ import annotations

from pathlib import Path

README = Path(__file__).parent / "README.md"


def put(section: str, text: str, readme: Path = README) -> None:
    """Replace what stands under that heading of the second level, up to the next one.

    Raises `ValueError` where there is no such heading.
    """
    before, heading, rest = readme.read_text().partition(f"\n## {section}\n")
    if not heading:
        raise ValueError(f"{readme.name} has no section {section!r}.")
    _, following, after = rest.partition("\n## ")
    readme.write_text(f"{before}{heading}\n{text.strip()}\n{following}{after}")
