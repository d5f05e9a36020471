"""What PyInstaller must be told about this package: modules and files that are found at run time only.

PyInstaller asks `hook_folders`, by the entry point `pyinstaller40`; a `hook-*.py` is for the module of its name.
"""

from __future__ import annotations

from pathlib import Path


def hook_folders() -> list[str]:
    """Return the folders with hooks."""
    return [str(Path(__file__).parent)]
