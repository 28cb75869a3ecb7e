from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

import pytest

from agnet.report._packing import packed


def unpacked(markup: str, name: str) -> Any:
    """What a page's script reads of an element."""
    (letters,) = re.findall(f'<script type="text/plain" id="{name}">([^<]*)</script>', markup)
    return json.loads(zlib.decompress(base64.b64decode(letters)))


def test_data_is_read_back_and_cannot_end_its_element() -> None:
    value = {"a": ["</script><script>alert(1)</script>", "<!--", "\u2028 ]]> &lt;"], "b": [1.5]}
    markup = packed("one", value)
    assert unpacked(markup, "one") == value
    assert set(re.sub("<.*?>", "", markup)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
    )


def test_what_repeats_takes_few_letters() -> None:
    assert len(packed("a", ["|nor_conv_3x3~0|"] * 1000)) < 500


def test_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="JSON"):
        packed("a", [float("nan")])
