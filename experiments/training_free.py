"""Training-free scores of NAS-Bench-201 cells beside the published ones, and the accuracies.

    python -m experiments.training_free run --data FOLDER --published FILE      (resumable)
    python -m experiments.training_free table

``FOLDER`` is that of CIFAR-10's python version, ``FILE`` an npz with ``index (N,)``, the official
numbers of cells, ``proxies (K,)``, names, and ``cifar10 (N, K)``, their scores in NAS-Bench-Suite-
Zero (Krishnakumar et al., NeurIPS 2022). 300 cells of those that are published, a batch of 64
images. Rank correlations of ours with theirs, and of both with validation accuracy.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from agnet import open_benchmark
from agnet.benchmarks.networks import NASBench201Skeleton
from agnet.benchmarks.training import cifar10_python
from agnet.benchmarks.training_free import TrainingFree
from agnet.seeds import stream
from agnet.spaces import NASBench201
from experiments.recorded import Row, complete, parser, rows, table

# Our names, and those in the file.
SCORES: Final = {
    "synflow": "synflow",
    "naswot": "nwot",
    "zen": "zen",
    "snip": "snip",
    "grad_norm": "grad_norm",
    "jacov": "jacov",
    "params_m": "params",
    "flops_m": "flops",
}
SKELETON: Final = NASBench201Skeleton(weights="he")
CELLS: Final = 300
NAME: Final = "scores"


def main() -> None:
    """Runs the experiment or prints its table."""
    made = parser(__doc__, ("run", "table"), "training_free", 1)
    made.add_argument("--data", type=Path, help="the folder of data_batch_1 and so on")
    made.add_argument("--published", type=Path, help="the npz file")
    given = made.parse_args()
    if given.what == "run":
        if given.data is None or given.published is None:
            made.error("run needs --data and --published")
        paths = {"data": str(given.data), "published": str(given.published)}
        wanted = chosen(paths["published"])
        jobs = [{"what": NAME, "cell": int(cell)} for cell in wanted]
        complete(jobs, Scoring(**paths), given.results, given.procs, given.only)
    print(correlation_table(given.results))


class Scoring:
    """Computes the scores of one cell."""

    def __init__(self, data: str, published: str) -> None:
        """Takes where images and published scores lie."""
        self._data, self._published = data, published

    def __call__(self, job: Row) -> Row:
        """Does one job."""
        arch = NASBench201().enumerate()[np.array([job["cell"]])]
        ours = scorer(self._data).query(arch, list(SCORES))[0]
        theirs = published(self._published)
        at = int(np.flatnonzero(theirs["index"] == job["cell"])[0])
        names = theirs["proxies"].tolist()
        return {
            name: [float(value), float(theirs["cifar10"][at, names.index(other)])]
            for (name, other), value in zip(SCORES.items(), ours, strict=True)
        }


@cache
def scorer(data: str) -> TrainingFree:
    """The benchmark."""
    return TrainingFree(NASBench201(), cifar10_python(Path(data)), SKELETON)


@cache
def published(path: str) -> dict[str, npt.NDArray[Any]]:
    """The file."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def chosen(path: str) -> npt.NDArray[np.integer]:
    """The numbers of the cells."""
    index = published(path)["index"]
    return np.sort(stream(0, "cells").permutation(index)[:CELLS])


def correlation_table(results: Path) -> str:
    """Spearman's correlations; a score that is missing on either side is left out."""
    own = rows(results, NAME)
    if not own:
        return "nothing has been run"
    every = NASBench201().enumerate()[np.array([row["cell"] for row in own])]
    accuracy = open_benchmark("nasbench201").query(every, ["val_accuracy"])[:, 0]
    lines = []
    for name in SCORES:
        pairs = np.array([row[name] for row in own], dtype=np.float64)
        there = np.isfinite(pairs).all(axis=1)
        ours, theirs = pairs[there].T
        with_theirs = spearmanr(ours, theirs)[0]
        with_truth = [spearmanr(scores, accuracy[there])[0] for scores in (ours, theirs)]
        lines.append(
            [name, int(there.sum()), f"{with_theirs:.3f}", *(f"{rho:.3f}" for rho in with_truth)]
        )
    head = ["score", "cells", "ours and theirs", "ours and accuracy", "theirs and accuracy"]
    return table(head, lines)


if __name__ == "__main__":
    main()
