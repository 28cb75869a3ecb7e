"""What a user can cause is said in one line, as the command line ``agnet`` does."""

from __future__ import annotations

import sys
from collections.abc import Callable

from agnet.errors import AgnetError

__all__ = ["run_command"]


def run_command(main: Callable[[], None]) -> None:
    """Runs a command: bad input gives one line and exit code 2, never a traceback."""
    try:
        main()
    except AgnetError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        raise SystemExit(2) from None
