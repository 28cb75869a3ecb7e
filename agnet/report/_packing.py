"""Data in a page, in few letters."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from agnet.markup import Markup

__all__ = ["packed"]


def packed(name: str, value: Any) -> Markup:
    """Returns a script element that holds a value, from which the page's ``unpack`` reads it.

    It is JSON, deflated, in the letters of base64, none of which can end the element.

    Args:
        name: The element's identifier, a word.
        value: What JSON can say; NaN is an error.
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    letters = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    return Markup(f'<script type="text/plain" id="{name}">{letters}</script>')
