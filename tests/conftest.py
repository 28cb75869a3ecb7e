from __future__ import annotations

import os
from pathlib import Path

import pytest

REQUIRED = bool(os.environ.get("AGNET_REQUIRE_DATA"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = os.environ.get("AGNET_DATA")
    if REQUIRED or (folder and any(Path(folder).glob("**/*.npz"))):
        return
    reason = "AGNET_DATA holds no imported tables (make data)"
    for item in items:
        if item.get_closest_marker("needs_data"):
            item.add_marker(pytest.mark.skip(reason=reason))
