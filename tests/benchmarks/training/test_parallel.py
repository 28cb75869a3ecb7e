from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from agnet.benchmarks.training import Group, train
from agnet.errors import InvalidInput
from tests.benchmarks.training.images import bright
from tests.benchmarks.training.test_loop import FULL, Watched, outcome

# Plain descent: adaptive steps make much of what rounding makes little of.
RECIPE = replace(FULL, optimizer="sgd", epochs=3, batch=12, average=0.5, clip=0.5)


def test_a_process_alone_has_all() -> None:
    group = Group.here()
    assert group == Group(0, 1)
    assert group.leads
    assert list(range(6))[group.part(6)] == list(range(6))
    assert group.mean(torch.tensor(3.0)) == 3.0
    assert group.total(torch.tensor([3, 4])).tolist() == [3, 4]
    assert group.dealt([5, 6, 7]) == [5, 6, 7]


def test_parts_cover_a_batch() -> None:
    parts = [Group(rank, 3).part(6) for rank in range(3)]
    assert [at for part in parts for at in range(6)[part]] == list(range(6))
    with pytest.raises(InvalidInput, match="batch of 7 for 3 processes"):
        Group(0, 3).part(7)


def run(folder: Path) -> None:
    """What each of two processes does."""
    from agnet.benchmarks.training import joined

    with joined("cpu") as (group, device):
        assert (group.size, device) == (2, "cpu")
        model = Watched()
        path = folder / "training.pt"
        generator = torch.Generator().manual_seed(1)
        result = train(model, bright(), RECIPE, generator, test=True, checkpoint=path)
        seen = [len(images) for images in model.trained]
        norm = torch.nn.BatchNorm1d(1)
        norm.running_mean = torch.full((1,), 5.0 + group.rank)
        group.align(norm)
        assert norm.running_mean.item() == 5.0
        assert group.total(torch.tensor([1, group.rank])).tolist() == [2, 1]
        assert group.dealt(range(5)) == range(5)[group.rank :: 2]
        found = {"outcome": outcome(result), "weight": model.linear.weight.tolist(), "seen": seen}
        (folder / f"{group.rank}.json").write_text(json.dumps(found))


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    """A linear network, which normalises nothing: sums in another order are all that differs."""
    code = "from tests.benchmarks.training.test_parallel import Path, run\n"
    (tmp_path / "main.py").write_text(f"{code}run(Path({str(tmp_path)!r}))\n")
    root = str(Path(__file__).resolve().parents[3])
    subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        + [str(tmp_path / "main.py")],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    model = Watched()
    expected = train(model, bright(), RECIPE, torch.Generator().manual_seed(1), test=True)
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert first == second
    assert first["seen"] == [6] * 12
    losses, accuracies, steps, tested = first["outcome"]
    assert losses == pytest.approx(expected.losses, rel=1e-5)
    assert accuracies == pytest.approx(expected.val_accuracies)
    assert (steps, tested) == (expected.steps, expected.test_accuracy)
    assert torch.allclose(torch.tensor(first["weight"]), model.linear.weight, atol=1e-6)
    assert (tmp_path / "training.pt").exists()
