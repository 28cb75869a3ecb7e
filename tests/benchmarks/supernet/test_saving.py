from __future__ import annotations

from pathlib import Path

import pytest
import torch

from agnet.benchmarks.supernet import load_supernet, save_supernet
from agnet.errors import CheckpointError
from agnet.files import state_bytes
from tests.benchmarks.supernet.nets import PARALLEL, RICH, made


@pytest.mark.parametrize("config", [RICH, PARALLEL])
def test_what_was_written_is_read(config: object, tmp_path: Path) -> None:
    net = made(PARALLEL if config is PARALLEL else RICH)
    save_supernet(net, tmp_path / "folder" / "net.pt")
    again = load_supernet(tmp_path / "folder" / "net.pt")
    assert again.config == net.config
    theirs = again.state_dict()
    assert set(theirs) == set(net.state_dict())
    assert all(torch.equal(value, theirs[name]) for name, value in net.state_dict().items())


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    with pytest.raises(CheckpointError, match="net.pt"):
        load_supernet(path)
    path.write_bytes(state_bytes({"kind": "something else"}))
    with pytest.raises(CheckpointError, match="holds no super-network"):
        load_supernet(path)
    path.write_bytes(state_bytes({"kind": "agnet super-network", "config": {"name": "x"}}))
    with pytest.raises(CheckpointError, match="cannot be built"):
        load_supernet(path)
    path.write_bytes(b"rubbish")
    with pytest.raises(CheckpointError):
        load_supernet(path)
