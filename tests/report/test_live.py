from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from agnet import Run
from agnet.errors import InvalidInput, StorageError
from agnet.report import serving
from tests.report.runs import resumed, searched


def read(address: object, path: str = "") -> str:
    with urllib.request.urlopen(f"{address}{path}", timeout=20) as answer:
        return str(answer.read().decode())


def test_a_page_is_served_and_tells_what_is_new(tmp_path: Path) -> None:
    searched(tmp_path / "run", queries=6)
    with serving(lambda: {"run": [Run.open(tmp_path / "run")]}, "title", "127.0.0.1", 0) as address:
        assert str(address).startswith("http://127.0.0.1:")
        assert "state.json" in read(address)
        before = json.loads(read(address, "state.json"))
        assert "1 run, 6 queries" in before["sections"]["summary"]
        resumed(tmp_path / "run", 9)
        after = json.loads(read(address, "state.json"))
        assert "1 run, 9 queries" in after["sections"]["summary"]
        assert set(before["figures"]) == set(after["figures"])
        with pytest.raises(urllib.error.HTTPError, match="404"):
            read(address, "../../etc/passwd")
    with pytest.raises(urllib.error.URLError):
        read(address)


def test_a_run_that_cannot_be_read_is_said() -> None:
    def gone() -> dict[str, list[Run]]:
        raise StorageError("the run was removed")

    with serving(gone, "title", "127.0.0.1", 0) as address:
        with pytest.raises(urllib.error.HTTPError, match="503"):
            read(address)


def test_a_port_that_is_taken_is_an_error() -> None:
    groups = {"run": [searched()]}
    with serving(lambda: groups, "title", "127.0.0.1", 0) as address:
        with pytest.raises(InvalidInput, match="use another --port"):
            with serving(lambda: groups, "title", "127.0.0.1", address.port):
                pass
    for port in (-1, 70_000):
        with pytest.raises(InvalidInput, match=f"port {port}"):
            with serving(lambda: groups, "title", "127.0.0.1", port):
                pass
