"""`python -m itnio_async` is the `itnio` command."""

from __future__ import annotations

import sys

from itnio_async.cli import main

if __name__ == "__main__":
    sys.exit(main())
