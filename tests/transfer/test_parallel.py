"""A transfer in two processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from tests.transfer.nets import run


def both(folder: Path) -> None:
    """What each of two processes does."""
    from agnet.benchmarks.training import Group, joined

    with joined("cpu") as (group, _):
        assert Group.here().gathered([group.rank] * (2 - group.rank)) == [0, 1, 0]
        found = run(folder / "run")
        torch.save(found.net.state_dict(), folder / f"{group.rank}.pt")
        archive = [str(arch) for arch in found.archive.archs], found.archive.values.tolist()
        (folder / f"{group.rank}.json").write_text(json.dumps(archive))


def test_both_come_to_the_same_and_evaluate_each_network_once(tmp_path: Path) -> None:
    code = "from tests.transfer.test_parallel import Path, both\n"
    (tmp_path / "main.py").write_text(f"{code}both(Path({str(tmp_path)!r}))\n")
    root = str(Path(__file__).resolve().parents[2])
    subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        + [str(tmp_path / "main.py")],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert (tmp_path / "0.json").read_text() == (tmp_path / "1.json").read_text()
    lines = (tmp_path / "run" / "evaluations.jsonl").read_text().splitlines()
    assert len(lines) == len(set(lines)) == 1 + 12 + 3 + 6 + 3 + 6
    # What is evaluated before the first adaptation does not depend on the number of processes.
    run(tmp_path / "alone")
    alone = (tmp_path / "alone" / "evaluations.jsonl").read_text().splitlines()
    assert lines[:15] == alone[:15]
