"""Checks that what a user says has to pass in several places."""

from __future__ import annotations

import operator
import os
from pathlib import Path
from typing import Any

from agnet.errors import InvalidInput

__all__ = ["folder_of", "whole"]


def whole(name: str, value: Any, least: int = 1) -> int:
    """Returns a whole number as Python's own; those of NumPy are taken, too.

    Args:
        name: What it is called, for the message.
        value: What was given.
        least: The smallest that can be used.

    Raises:
        InvalidInput: If it is none, or smaller.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least:
        raise InvalidInput(f"got {name} = {value!r}; expected a whole number >= {least}")
    return number


def folder_of(name: str, value: Any) -> Path:
    """Returns a folder as a path: of a text, a path, or what lies in one, such as a run.

    Args:
        name: What it is called, for the message.
        value: What was given.

    Raises:
        InvalidInput: If it is none of these.
    """
    if not isinstance(value, (str, os.PathLike)):
        raise InvalidInput(f"got {name} = {value!r}; expected a folder")
    return Path(value)
