"""The command `itnio`. `main` starts it; everything else here needs the extra `cli`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; `arguments` are those of the shell unless given."""
    try:
        import rich  # noqa: F401 - only to give the advice below instead of a traceback
        import typer  # noqa: F401
    except ModuleNotFoundError as error:
        print(
            f"Error: the itnio command needs {error.name}, which is not installed.\n"
            "  What to do: pip install 'itnio-async[cli]'",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
    try:
        from itnio_async.cli.run import run
    except KeyboardInterrupt:
        return 130
    return run(sys.argv[1:] if arguments is None else arguments)
