"""How well surrogates rank NAS-Bench-201 cells that they have not seen.

    python -m experiments.surrogate_ranking run      (resumable)
    python -m experiments.surrogate_ranking table    (prints the table from the committed results)

Kendall's tau-b between predicted mean and validation accuracy of 3,000 cells, after fitting the
normal scores of the ranks (as the strategies do) of 96 or 192 other, random ones. Ten draws, the
same for every surrogate, the 96 being the first of the 192.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau

from agnet import SearchSpace, open_benchmark
from agnet.objectives import Outcomes
from agnet.seeds import stream
from agnet.spaces import Architectures
from agnet.strategies.targets import rank_scores
from agnet.surrogates import ExtraTrees, GaussianProcess, GraphEnsemble, Surrogate
from experiments.recorded import Row, complete, matching, parser, rows, spread, table

SURROGATES = ("gnn", "gp", "trees")
DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
SIZES, UNSEEN = (96, 192), 3000


def main() -> None:
    """Runs the experiment or prints its table."""
    given = parser(__doc__, ("run", "table"), "surrogate_ranking", 10).parse_args()
    if given.what == "run":
        jobs = [
            {"surrogate": surrogate, "dataset": dataset, "known": known, "seed": seed}
            for surrogate, dataset, known, seed in product(
                SURROGATES, DATASETS, SIZES, range(given.seeds)
            )
        ]
        complete(jobs, work, given.results, given.procs, given.only)
    print(tau_table(given.results))


def work(job: Row) -> Row:
    """Fits and asks one surrogate."""
    known, scores, unseen, values = split(job)
    surrogate = made(job["surrogate"], known.space, stream(job["seed"], "surrogate"))
    surrogate.fit(known, scores)
    mean, _ = surrogate.predict(unseen)
    return {"tau": float(kendalltau(mean[:, 0], values)[0])}


def split(
    job: Row,
) -> tuple[Architectures, npt.NDArray[np.float64], Architectures, npt.NDArray[np.float64]]:
    """Draws cells that are known, with their scores ``(B, 1)``, and others, with their values."""
    benchmark = open_benchmark("nasbench201", dataset=job["dataset"])
    cells = benchmark.space.enumerate()
    drawn = stream(job["seed"], "ranking").permutation(len(cells))
    known, unseen = drawn[: job["known"]], drawn[max(SIZES) : max(SIZES) + UNSEEN]
    values = benchmark.query(cells, ["val_accuracy"])
    scores = rank_scores(Outcomes(-values[known], np.empty((len(known), 0))))
    return cells[known], scores, cells[unseen], values[unseen, 0]


def made(name: str, space: SearchSpace, rng: np.random.Generator) -> Surrogate:
    """Makes a surrogate with its defaults."""
    if name == "gnn":
        return GraphEnsemble(space, rng)
    return GaussianProcess(space) if name == "gp" else ExtraTrees(space, rng)


def tau_table(results: Path) -> str:
    """Kendall's tau, one row a data set and number of known cells; worst draws in brackets."""
    lines = []
    for dataset, known in product(DATASETS, SIZES):
        taus = [
            [row["tau"] for row in matching(rows(results, name), dataset=dataset, known=known)]
            for name in SURROGATES
        ]
        lines.append([dataset, known, *map(spread, taus)])
    return table(["data set", "known cells", *SURROGATES], lines)


if __name__ == "__main__":
    main()
