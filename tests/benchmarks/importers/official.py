"""Small files in the official formats, made with the classes of the official packages."""

from __future__ import annotations

from collections import OrderedDict
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from agnet.spaces import NASBench201

SPACE = NASBench201()
TEXTS = [str(arch) for arch in SPACE.enumerate()]
SEEDS = (777, 888, 999)
SETTINGS = {
    "cifar10-valid": ("x-valid", "ori-test"),
    "cifar10": ("ori-test",),
    "cifar100": ("x-valid", "x-test", "ori-test"),
    "ImageNet16-120": ("x-valid", "x-test", "ori-test"),
}


def results(
    package: ModuleType,
    index: int,
    epochs: int,
    seeds: tuple[int, ...] = SEEDS,
    settings: tuple[str, ...] = tuple(SETTINGS),
) -> dict[str, Any]:
    """The state of an ``ArchResults`` with random numbers in the places of the official ones."""
    rng = np.random.default_rng([index, epochs])
    found = package.ArchResults(index, TEXTS[index])
    for setting in settings:
        latency = [float(rng.uniform(0.01, 0.02)) for _ in range(2)]
        for seed in seeds:
            curves = [by_epoch(rng.uniform(10, 90, epochs)) for _ in range(4)]
            size = np.float64(0.1 * index + (seed == 777))  # the official file errs for some seeds
            config = {"name": "infer.tiny", "channel": 16, "arch_str": TEXTS[index]}
            run = package.ResultsCount(
                setting, None, curves[0], curves[1], size, 10 * size, config, seed, epochs, latency
            )
            run.update_train_info(*curves)
            marks = [f"{name}@{e}" for name in SETTINGS[setting] for e in range(epochs)]
            tested = [dict(zip(marks, rng.uniform(10, 90, len(marks)).tolist(), strict=True))] * 3
            run.update_eval(*tested)
            found.update(setting, seed, run)
    state: dict[str, Any] = found.state_dict()
    return state


def by_epoch(values: npt.NDArray[np.float64]) -> OrderedDict[int, float]:
    return OrderedDict(enumerate(values.tolist()))


class Malicious:
    """What a hostile file holds: reading it carelessly makes a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return (os.mkdir, (self.folder,))
