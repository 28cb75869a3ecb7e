from __future__ import annotations

import os

import pytest

from agnet.environment import environment


def test_variables_are_what_they_were_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGNET_BEFORE", "old")
    monkeypatch.delenv("AGNET_NEW", raising=False)
    with (
        pytest.raises(RuntimeError),
        environment({"AGNET_BEFORE": "1", "AGNET_NEW": "2"}),
    ):
        assert (os.environ["AGNET_BEFORE"], os.environ["AGNET_NEW"]) == ("1", "2")
        raise RuntimeError
    assert os.environ["AGNET_BEFORE"] == "old" and "AGNET_NEW" not in os.environ
