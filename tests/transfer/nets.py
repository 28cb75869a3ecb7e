"""A small super-network and images for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from agnet.benchmarks.supernet import SuperNetwork
from agnet.transfer import Policy, Transferred, transfer
from tests.benchmarks.supernet.test_training import FEW, SGD, network
from tests.benchmarks.training.images import bright

POLICY = Policy(
    archive=6, factor=2, iterations=2, newcomers=3, proposer="random", best=4, sampled=2, rate=0.01
)


def run(
    out: Path, policy: Policy = POLICY, net: SuperNetwork | None = None, **more: Any
) -> Transferred:
    given = {"recipe": SGD, "teaching": FEW, **more}
    return transfer(net or network(), bright(), policy, out=out, **given)


def outcome(found: Transferred) -> tuple[object, ...]:
    weights = b"".join(value.numpy().tobytes() for value in found.net.state_dict().values())
    return [str(arch) for arch in found.archive.archs], found.archive.values.tolist(), weights


def rounds(found: Transferred) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([one.hypervolume for one in found.rounds])
