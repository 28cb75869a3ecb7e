"""What the shipped generators have learnt, and how fast they draw.

    python experiments/generator.py pretrain [SPACE ...]   makes the checkpoints again, seed 0
    python experiments/generator.py measure [SPACE ...]    measures them; prints the table

Both write to ``results/generator.json``. "Held out" are architectures that pretraining never saw,
one in seven by a hash. Times are of one thread (OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

import agnet.generators
from agnet.generators import (
    GraphVAE,
    interpolate,
    load_pretrained,
    pretrain,
    reconstruction,
    save_generator,
)
from agnet.generators.measures import active_dimensions, information
from agnet.generators.pretraining import draw_held_out, held_out
from agnet.spaces import LISTABLE, SPACES, Architectures, SearchSpace, open_space

RESULTS = Path(__file__).resolve().parent / "results" / "generator.json"
CHECKPOINTS = Path(agnet.generators.__file__).resolve().parent / "checkpoints"
DRAWS, HELD_OUT, COVERING, TIMED = 10_000, 2000, 200_000, 50_000
PAIRS, LONGEST_WALK, WAYS, STEPS = 5000, 8, 500, 11
REFERENCE = {"nasbench201": 1500, "nasbench101": 1000 / 0.63, "darts": 1000 / 0.72}
"""Graphs a second of the published decoder on this kind of machine, in one thread."""


def main() -> None:
    """Does what is asked for each space."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=("pretrain", "measure"))
    parser.add_argument("spaces", nargs="*", default=[*SPACES, "elastic-tiny"])
    given = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in given.spaces:
        own: dict[str, Any] = {}
        if given.task == "pretrain":
            began = time.perf_counter()
            generator = pretrain(open_space(name), 0, report=say)
            own["pretraining_seconds"] = round(time.perf_counter() - began, 1)
            save_generator(generator, CHECKPOINTS / f"{name}.pt")
        else:
            own.update(measure(open_space(name)))
        results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        results[name] = results.get(name, {}) | own
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    show(results)


def say(update: int, of: int, loss: float) -> None:
    """Prints a line now and then."""
    if update % 250 == 0:
        print(f"update {update} of {of}, loss {loss:.2f}", flush=True)


def measure(space: SearchSpace) -> dict[str, Any]:
    """Measures one shipped generator."""
    generator, rng = load_pretrained(space), np.random.default_rng(0)
    left = draw_held_out(space, HELD_OUT, rng)
    lower, upper = information(generator, left, rng)
    drawn = generator.sample(DRAWS, rng)
    found = {
        "checkpoint_megabytes": round((CHECKPOINTS / f"{space.name}.pt").stat().st_size / 1e6, 2),
        "latent_dimensions": generator.latent_size,
        "active_dimensions": active_dimensions(generator, left),
        "valid": float(space.is_valid(drawn.choices).mean()),
        "reconstructed": reconstruction(generator, left),
        "reconstructed_from_other_codes": reconstruction(generator, left, shuffle=rng),
        "entropy_bits": float(np.log2(float(space.size))),
        "information_bits_at_least": lower,
        "information_bits_at_most": upper,
        "unique": unique(drawn),
        "unique_if_uniform": unique(space.sample(DRAWS, rng)),
        "held_out_share_of_draws": float(held_out(drawn).mean()),
        **distances(generator, space, rng),
        **ways(generator, space, rng),
        **speed(generator, space),
    }
    if space.size <= LISTABLE:
        seen = np.unique(space.keys(generator.sample(COVERING, rng)))
        found["covered_by_200000_draws"] = len(seen) / space.size
        fair = np.unique(rng.integers(space.size, size=COVERING))
        found["covered_if_uniform"] = len(fair) / space.size
    return found


def unique(archs: Architectures) -> float:
    """The share of distinct ones."""
    return len(np.unique(archs.space.keys(archs))) / len(archs)


def distances(
    generator: GraphVAE, space: SearchSpace, rng: np.random.Generator
) -> dict[str, float]:
    """Rank correlations of latent and edit distance: random pairs, and walks of 1 to 8 changes."""
    first = draw_held_out(space, PAIRS, rng)
    second = draw_held_out(space, PAIRS, rng)
    walkers, steps = first.choices.copy(), rng.integers(1, LONGEST_WALK + 1, size=PAIRS)
    for step in range(LONGEST_WALK):
        going = np.flatnonzero(steps > step)
        walkers[going] = space.mutate(Architectures(space, walkers[going]), rng).choices
    near = Architectures(space, walkers)
    return {
        "spearman_random_pairs": follows(generator, first, second),
        "spearman_walks": follows(generator, first, near),
    }


def follows(generator: GraphVAE, first: Architectures, second: Architectures) -> float:
    """How well latent distances order pairs by their edit distances."""
    latent = (generator.encode(first) - generator.encode(second)).norm(dim=1).numpy()
    return float(spearmanr(first.space.edit_distance(first, second), latent)[0])


def ways(generator: GraphVAE, space: SearchSpace, rng: np.random.Generator) -> dict[str, float]:
    """How many edits a step of an interpolation in ten steps makes, beside those between ends."""
    first, second = space.sample(WAYS, rng), space.sample(WAYS, rng)
    codes = interpolate(generator.encode(first), generator.encode(second), STEPS)
    archs = generator.decode(codes.flatten(0, 1), rng, temperature=0.0)
    at = np.arange(WAYS * STEPS).reshape(WAYS, STEPS)
    edits: npt.NDArray[np.int64] = space.edit_distance(
        archs[at[:, :-1].reshape(-1)], archs[at[:, 1:].reshape(-1)]
    ).reshape(WAYS, STEPS - 1)
    return {
        "edits_between_ends": float(space.edit_distance(first, second).mean()),
        "edits_a_step_mean": float(edits.mean()),
        "edits_a_step_99_percent": float(np.quantile(edits, 0.99)),
        "edits_a_step_max": float(edits.max()),
        "edits_a_way_mean": float(edits.sum(axis=1).mean()),
    }


def speed(generator: GraphVAE, space: SearchSpace) -> dict[str, int]:
    """Architectures a second, draws of the prior and canonical form included; the best of five."""
    rng, seconds = np.random.default_rng(0), []
    generator.sample(TIMED // 10, rng)
    for _ in range(5):
        began = time.perf_counter()
        generator.sample(TIMED, rng)
        seconds.append(time.perf_counter() - began)
    found = {"draws_a_second": round(TIMED / min(seconds))}
    if space.name in REFERENCE:
        found["draws_a_second_reference"] = round(REFERENCE[space.name])
    return found


def show(results: dict[str, dict[str, Any]]) -> None:
    """Prints one row a figure and one column a space."""
    names = list(dict.fromkeys(name for own in results.values() for name in own))
    print(f"{'':<34}" + "".join(f"{space:>14}" for space in results))
    for name in names:
        cells = [own.get(name, "-") for own in results.values()]
        texts = [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in cells]
        print(f"{name:<34}" + "".join(f"{text:>14}" for text in texts))


if __name__ == "__main__":
    main()
