"""Optional packages: imported where they are needed, with one line that helps if they are not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agnet.errors import MissingExtra

__all__ = ["needs"]


@contextmanager
def needs(extra: str, what: str) -> Iterator[None]:
    """Wraps the imports of an optional feature.

    Args:
        extra: The name of the extra that holds the packages, as in ``agnet[evolution]``.
        what: What needs them, for the message.

    Raises:
        MissingExtra: If one of the packages is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"{what} needs the package {error.name}, which is not installed; "
            f"install it with: pip install 'agnet[{extra}]'"
        ) from error
