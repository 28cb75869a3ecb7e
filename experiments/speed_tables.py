"""How fast a table opens and answers, beside the official NAS-Bench-201 package.

    OMP_NUM_THREADS=1 python experiments/speed_tables.py [--cells 100]

Writes a file in the official layout with random numbers (the official one is 4.7 GB), imports it,
and asks both sides for the test accuracy of its cells, which has to agree. The official package's
opening time and memory are of that many cells; ours are of all 15,625, with HW-NAS-Bench joined.
Each is measured in a process of its own, which imports the packages before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nas_201_api.api_utils as official
import numpy as np
import torch
from nas_201_api import NASBench201API

from agnet.benchmarks.base import find_metric
from agnet.benchmarks.importers.hwnasbench import METRICS, import_hwnasbench
from agnet.benchmarks.importers.nasbench201 import import_nasbench201
from agnet.benchmarks.nasbench201 import DATASETS, NASBench201Benchmark
from agnet.spaces import NASBench201

SEEDS = (777, 888, 999)
SETTINGS = {
    "cifar10-valid": ("x-valid", "ori-test"),
    "cifar10": ("ori-test",),
    "cifar100": ("x-valid", "x-test", "ori-test"),
    "ImageNet16-120": ("x-valid", "x-test", "ori-test"),
}
BATCH = 1_000_000
SINGLES = 2_000
SECTIONS = ("opening", "memory", "answers")


def main() -> None:
    """Makes the files, measures each side in processes of its own, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=100)
    parser.add_argument("--measure", nargs=3, metavar=("WHO", "WHAT", "FOLDER"))
    given = parser.parse_args()
    if given.measure:
        who, what, folder = given.measure
        side = {"agnet": measure_agnet, "official": measure_official}[who]
        print(json.dumps(side(what, Path(folder))))
        return
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), given.cells)
        found = {
            who: {key: value for what in SECTIONS for key, value in run(who, what, folder).items()}
            for who in ("agnet", "official")
        }
    print_table(found["agnet"], found["official"], given.cells)


def run(who: str, what: str, folder: str) -> dict[str, Any]:
    """Measures in a fresh process."""
    command = [sys.executable, __file__, "--measure", who, what, folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def write_files(folder: Path, cells: int) -> None:
    """Writes the official file of some cells, and imports tables of all of them."""
    rng, size = np.random.default_rng(0), NASBench201().size
    texts = [str(arch) for arch in NASBench201().enumerate()]
    infos = {
        index: {"less": results(rng, index, texts, 12), "full": results(rng, index, texts, 200)}
        for index in range(cells)
    }
    content = {"meta_archs": texts, "arch2infos": infos, "evaluated_indexes": list(infos)}
    torch.save(content, folder / "official.pth")
    np.savez(
        folder / "accuracies.npz",
        ops=NASBench201().enumerate().choices,
        datasets=np.array(DATASETS),
        val_acc_200_seeds=rng.uniform(10, 90, (size, 3, 3)),
        test_acc_200=rng.uniform(10, 90, (size, 3)),
        val_acc_12=rng.uniform(10, 90, (size, 3)),
    )
    np.savez(
        folder / "hardware.npz",
        values=rng.uniform(1, 9, (size, 3, len(METRICS))),
        metrics=np.array(METRICS),
        datasets=np.array(DATASETS),
    )
    import_nasbench201(folder / "official.pth", folder / "same")
    import_nasbench201(folder / "accuracies.npz", folder / "full")
    import_hwnasbench(folder / "hardware.npz", folder / "full")


def results(rng: np.random.Generator, index: int, texts: list[str], epochs: int) -> dict[str, Any]:
    """The results of one cell with one schedule, as the official file holds them."""
    found = official.ArchResults(index, texts[index])
    for setting, sets in SETTINGS.items():
        marks = [f"{name}@{epoch}" for name in sets for epoch in range(epochs)]
        for seed in SEEDS:
            curves = [dict(enumerate(rng.uniform(10, 90, epochs).tolist())) for _ in range(4)]
            tested = [
                dict(zip(marks, rng.uniform(10, 90, len(marks)).tolist(), strict=True))
                for _ in range(3)
            ]
            run = official.ResultsCount(
                *(setting, None, curves[0], curves[1], 1.0, 100.0),
                *({"arch_str": texts[index]}, seed, epochs, [0.01]),
            )
            run.update_train_info(*curves)
            run.update_eval(*tested)
            found.update(setting, seed, run)
    state: dict[str, Any] = found.state_dict()
    return state


def measure_agnet(what: str, folder: Path) -> dict[str, Any]:
    """Opens the tables, and asks one by one and in a batch."""
    names = ["test_accuracy"]  # the one that comes from the imported file

    def opened() -> NASBench201Benchmark:
        benchmark = NASBench201Benchmark("cifar100", folder=folder / "full")
        find_metric(benchmark, "edgegpu_latency_ms")  # the tables are read when first needed
        return benchmark

    if what != "answers":
        return cost(what, opened)
    benchmark, space = opened(), NASBench201()
    archs = space.sample(BATCH, np.random.default_rng(0))
    started = time.perf_counter()
    benchmark.query(archs, names)
    batch = time.perf_counter() - started
    singles = list(archs[:SINGLES])
    started = time.perf_counter()
    for arch in singles:
        benchmark.query([arch], names)
    single = time.perf_counter() - started
    every = [metric.name for metric in benchmark.metrics]
    started = time.perf_counter()
    benchmark.query(archs, every)
    wide = time.perf_counter() - started
    same = NASBench201Benchmark("cifar100", folder=folder / "same")
    first = space.enumerate()[:5]
    return {
        "batch": BATCH / batch,
        "wide": BATCH / wide,
        "metrics": len(every),
        "single": SINGLES / single,
        "first": same.query(first, names)[:, 0].tolist(),
    }


def measure_official(what: str, folder: Path) -> dict[str, Any]:
    """Opens the official file with the official package, and asks one by one."""

    def opened() -> Any:
        content = torch.load(folder / "official.pth", weights_only=False)  # our own bytes
        return NASBench201API(content, verbose=False)

    if what != "answers":
        return cost(what, opened)
    api = opened()

    def ask(text: str) -> float:
        info = api.get_more_info(text, "cifar100", hp="200", is_random=False)
        return float(info["test-accuracy"])

    texts = [api.meta_archs[i % len(api.evaluated_indexes)] for i in range(SINGLES)]
    started = time.perf_counter()
    for text in texts:
        ask(text)
    single = time.perf_counter() - started
    return {"single": SINGLES / single, "first": [ask(text) for text in api.meta_archs[:5]]}


def cost(what: str, opened: Callable[[], Any]) -> dict[str, Any]:
    """What opening takes, in seconds or in bytes that Python and numpy ask for."""
    if what == "memory":
        tracemalloc.start()
    started = time.perf_counter()
    kept = opened()
    seconds = time.perf_counter() - started
    if what == "opening":
        return {"opening": seconds}
    held, peak = tracemalloc.get_traced_memory()
    del kept
    return {"held": held / 1e6, "peak": peak / 1e6}


def print_table(ours: dict[str, Any], theirs: dict[str, Any], cells: int) -> None:
    """Prints quantity, ours, the official package's, and the ratio."""
    if not np.allclose(ours["first"], theirs["first"], rtol=1e-6):
        raise SystemExit("the two do not give the same numbers")
    rows = [
        ("opening, s", ours["opening"], theirs["opening"], theirs["opening"] / ours["opening"]),
        ("memory kept, MB", ours["held"], theirs["held"], theirs["held"] / ours["held"]),
        ("memory at most, MB", ours["peak"], theirs["peak"], theirs["peak"] / ours["peak"]),
        ("look-ups/s, single", ours["single"], theirs["single"], ours["single"] / theirs["single"]),
        ("look-ups/s, batch", ours["batch"], theirs["single"], ours["batch"] / theirs["single"]),
    ]
    print(f"official: {cells} of 15,625 cells; agnet: all of them, with HW-NAS-Bench joined")
    print(f"{'':22}{'agnet':>14}{'official':>14}{'times better':>14}")
    for name, mine, other, ratio in rows:
        print(f"{name:22}{mine:14,.4g}{other:14,.4g}{ratio:14,.4g}")
    print(f"all {ours['metrics']} metrics in a batch: {ours['wide']:,.3g} architectures/s")


if __name__ == "__main__":
    main()
