"""Settings on the command line: ``NAME=VALUE``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agnet.errors import InvalidInput

__all__ = ["read_settings"]


def read_settings(texts: Sequence[str] | None) -> dict[str, Any]:
    """Reads ``name=value`` texts; a value is a number, true, false or a text.

    Raises:
        InvalidInput: If one is malformed.
    """
    return dict(_setting(text) for text in texts or ())


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidInput(f"got the setting {text!r}; expected NAME=VALUE, as in population=50")
    if value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value
