"""The `itnio` command: `main` is what the shell starts, and all that can be imported without the extra `cli`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; `arguments` are the shell's own unless given."""
    try:
        import rich  # noqa: F401 - asked for here, so that the advice below is all that a user reads
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
    from itnio_async.cli.run import run

    return run(sys.argv[1:] if arguments is None else arguments)
