"""Settings as configurations and command lines hold them, checked against the usual ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agnet.errors import InvalidInput

__all__ = ["checked"]


def checked(usual: Mapping[str, Any], table: Mapping[str, Any], of: str) -> dict[str, Any]:
    """Returns settings of the types that they usually have; a whole number is a broken one, too.

    Args:
        usual: All settings that there are, with the values that they usually have.
        table: The settings given.
        of: What they are of, for messages.

    Raises:
        InvalidInput: If one is unknown or of another type.
    """
    known = {name: type(value) for name, value in usual.items()}
    for name, value in table.items():
        if name not in known:
            raise InvalidInput(f"got the setting {name!r} {of}; expected one of {', '.join(known)}")
        kinds = (int, float) if known[name] is float else (known[name],)
        if type(value) not in kinds:
            raise InvalidInput(f"got {name} = {value!r} {of}; expected {known[name].__name__}")
    return dict(table)
