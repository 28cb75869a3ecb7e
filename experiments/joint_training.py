"""Whether a surrogate ranks better if it is trained together with the generator's encoder.

    python -m experiments.joint_training run      (resumable)
    python -m experiments.joint_training table    (prints the table from the committed results)

The draws, cells and Kendall's tau of surrogate_ranking.py, whose gnn is the surrogate that is
trained apart. Here the same Gaussian-process head stands on the codes of the shipped encoder as
they are (codes), or after 300 updates of encoder, decoder and a small regression network together,
with the paper's loss (1 - alpha) reconstruction + alpha squared error and alpha = 0.9, on all known
cells and as many unlabelled ones again that guard against forgetting (joint); "joint, regression"
is what that network itself predicts.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import kendalltau

from agnet.generators import GraphVAE, load_pretrained
from agnet.generators.training import divergence
from agnet.seeds import stream
from agnet.spaces import Architectures
from agnet.surrogates.gaussian import fit_heads, posterior, squared_distances, standardised
from experiments.recorded import RESULTS, Row, complete, matching, parser, rows, spread, table
from experiments.surrogate_ranking import DATASETS, SIZES, split

ARMS = ("codes", "joint")
ALPHA, UPDATES, RATE, WIDTH = 0.9, 300, 1e-3, 64
Array = npt.NDArray[np.float64]


def main() -> None:
    """Runs the experiment or prints its table."""
    given = parser(__doc__, ("run", "table"), "joint_training", 10).parse_args()
    if given.what == "run":
        jobs = [
            {"arm": arm, "dataset": dataset, "known": known, "seed": seed}
            for arm, dataset, known, seed in product(ARMS, DATASETS, SIZES, range(given.seeds))
        ]
        complete(jobs, work, given.results, given.procs, given.only)
    print(tau_table(given.results))


def work(job: Row) -> Row:
    """Trains if that is asked for, fits a head, and asks it."""
    known, scores, unseen, values = split(job)
    generator = load_pretrained(known.space, stream(job["seed"], "joint"))
    found: Row = {}
    if job["arm"] == "joint":
        network = train(generator, known, scores, job["seed"])
        with torch.no_grad():
            said = network(generator.encode(unseen))[:, 0].numpy()
        found["tau_of_regression"] = float(kendalltau(said, values)[0])
    mean = predicted(generator.encode(known), scores, generator.encode(unseen))
    return found | {"tau": float(kendalltau(mean, values)[0])}


def predicted(
    codes: torch.Tensor, scores: Array, others: torch.Tensor
) -> npt.NDArray[np.floating[Any]]:
    """Fits a Gaussian process to the scores ``(B, 1)`` of codes; its means at others."""
    first, second = codes.numpy().astype(np.float64), others.numpy().astype(np.float64)
    norms = (first**2).sum(axis=1), (second**2).sum(axis=1)
    squared = squared_distances(first, norms[0], first, norms[0])
    np.fill_diagonal(squared, 0.0)
    head = fit_heads(squared, standardised(scores)[0])[0]
    return posterior(head, squared_distances(first, norms[0], second, norms[1]))[0]


def train(
    generator: GraphVAE, archs: Architectures, scores: Array, seed: int
) -> torch.nn.Sequential:
    """Trains encoder, decoder and a regression network of codes together."""
    rng, space = stream(seed, "unlabelled"), archs.space
    noise = torch.Generator().manual_seed(seed)
    encoder, decoder = generator._encoder, generator._decoder
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = torch.nn.Sequential(
            torch.nn.Linear(generator.latent_size, WIDTH),
            torch.nn.GELU(),
            torch.nn.Linear(WIDTH, 1),
        )
    wanted = torch.from_numpy(standardised(scores)[0]).float()
    modules = (encoder, decoder, network)
    optimizer = torch.optim.Adam([p for module in modules for p in module.parameters()], RATE)
    for _ in range(UPDATES):
        batch = archs + space.sample(len(archs), rng)
        mean, spread_ = encoder(space.encode(batch))
        codes = mean + torch.randn(mean.shape, generator=noise) * (0.5 * spread_).exp()
        slots = decoder.slots
        logs = decoder(codes, slots.values(batch), slots.allowed(batch)).sum(1)
        lost = (generator.settings.beta * divergence(mean, spread_) - logs).mean()
        error = (network(codes[: len(archs)]) - wanted).square().mean()
        optimizer.zero_grad()
        ((1 - ALPHA) * lost + ALPHA * error).backward()
        optimizer.step()
    return network


def tau_table(results: Path) -> str:
    """Kendall's tau, mean of the draws there are; the worst in brackets."""
    lines = []
    for dataset, known in product(DATASETS, SIZES):
        apart = matching(rows(RESULTS / "surrogate_ranking", "gnn"), dataset=dataset, known=known)
        arms = [matching(rows(results, arm), dataset=dataset, known=known) for arm in ARMS]
        taus = [[row["tau"] for row in own] for own in (apart, *arms)]
        taus.append([row["tau_of_regression"] for row in arms[1]])
        lines.append([dataset, known, *map(spread, taus)])
    return table(["data set", "known cells", "apart", *ARMS, "joint, regression"], lines)


if __name__ == "__main__":
    main()
