"""Settings on the command line: ``NAME=VALUE``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agnet.errors import InvalidInput

__all__ = ["read_recipe", "read_settings"]


def read_settings(texts: Sequence[str] | None) -> dict[str, Any]:
    """Reads ``name=value`` texts; a value is a number, true, false or a text.

    Raises:
        InvalidInput: If one is malformed.
    """
    return dict(_setting(text) for text in texts or ())


def read_recipe(texts: Sequence[str] | None, option: str) -> dict[str, Any]:
    """Reads settings of a recipe, whose name is said by an option of its own.

    Args:
        texts: As :func:`read_settings` takes them.
        option: What they were given by, for the message.

    Raises:
        InvalidInput: If one is malformed, or the name is among them.
    """
    found = read_settings(texts)
    if "preset" in found:
        name = found["preset"]
        raise InvalidInput(f"got {option} preset={name}; a recipe is named by --recipe {name}")
    return found


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
