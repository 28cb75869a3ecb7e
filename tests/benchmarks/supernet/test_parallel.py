from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import torch

from agnet.benchmarks.supernet import sandwich, train_supernet
from agnet.benchmarks.supernet.phases import Phase
from agnet.benchmarks.supernet.updates import Updates
from agnet.benchmarks.training import Execution
from agnet.seeds import stream
from agnet.spaces.elastic import Options
from tests.benchmarks.supernet.nets import weights
from tests.benchmarks.supernet.test_training import FEW, SGD, SMALL, network
from tests.benchmarks.training.images import bright

RECIPE = replace(SGD, epochs=1, clip=0.5, weight_decay=0.1)
PHASES = (
    *sandwich(SMALL, RECIPE),
    Phase("sampled", 1, 0.01, Options.every(SMALL), "sampled", 2, teacher="new"),
)


def run(folder: Path) -> None:
    """What each of two processes does."""
    from agnet.benchmarks.training import joined

    with joined("cpu") as (group, _):
        net = network()
        result = train_supernet(net, bright(), RECIPE, PHASES, teaching=FEW)
        torch.save(weights(net), folder / f"{group.rank}.pt")
        (folder / f"{group.rank}.json").write_text(json.dumps(result.losses))


def alone() -> tuple[dict[str, torch.Tensor], list[float]]:
    """One process that averages the gradients of the two halves of each batch."""
    net, data, how = network(), bright(), Execution()
    updates = Updates(net, data, RECIPE, PHASES, FEW, how, 0)
    state = updates.state("")
    losses = []
    for epoch, phase in enumerate(PHASES):
        updates.begin(phase, state)
        order = torch.randperm(48, generator=state.generator)
        for step in range(4):
            rate = RECIPE.rate * replace(RECIPE, epochs=1).share_of_rate(step / 4)
            state.optimizer.param_groups[0]["lr"] = rate
            archs = phase.networks(net.space, stream(0, "supernet-networks", 4 * epoch + step))
            state.optimizer.zero_grad()
            rows = order[12 * step : 12 * step + 12]
            for half in (rows[:6], rows[6:]):
                given = data.train
                loss = updates.accumulate(phase, archs, given.images[half], given.labels[half])
                losses.append(float(loss))
            for weight in net.parameters():
                if weight.grad is not None:
                    weight.grad /= 2
            updates.apply(state, phase, archs, rate)
    halves = [sum(losses[at : at + 8]) / 8 for at in (0, 8)]
    return weights(net), halves


def test_two_processes_average_the_gradients_of_their_halves(tmp_path: Path) -> None:
    code = "from tests.benchmarks.supernet.test_parallel import Path, run\n"
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
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    expected, losses = alone()
    for name, value in first.items():
        assert torch.allclose(value, expected[name], atol=1e-6), name
    found = json.loads((tmp_path / "0.json").read_text())
    assert torch.allclose(torch.tensor(found), torch.tensor(losses), rtol=1e-5)
