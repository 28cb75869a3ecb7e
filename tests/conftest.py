from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Two workers with two threads each on two cores wait for each other most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes says nothing of a machine that does other things.
settings.register_profile("agnet", deadline=None)
settings.load_profile("agnet")

REQUIRED = bool(os.environ.get("AGNET_REQUIRE_DATA"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = os.environ.get("AGNET_DATA")
    if REQUIRED or (folder and any(Path(folder).glob("**/*.npz"))):
        return
    reason = "AGNET_DATA holds no imported tables (make data)"
    for item in items:
        if item.get_closest_marker("needs_data"):
            item.add_marker(pytest.mark.skip(reason=reason))
