"""Searches the DARTS space for ImageNet without training: TE-NAS's scores, chosen by AG-Net.

    python -m experiments.imagenet.search --data FOLDER --out RUN

FOLDER is laid out as ImageNet is (train/CLASS/*.JPEG); a few of its images are read, small. Limits
are on the network that is to be trained in the end: multiply-adds, or milliseconds measured on this
CPU. Killed at any moment and begun again with the same command, it ends with the same history (but
for measured milliseconds). The winner has the smallest sum of its ranks in both scores.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import rankdata

from agnet import Run, search
from agnet.errors import InvalidInput
from agnet.files import replace_file
from agnet.progress import Progress
from agnet.runs import read_config
from agnet.standing import Standing
from agnet.storage import CONFIG
from experiments.imagenet.commands import run_command
from experiments.imagenet.sample import sample
from experiments.imagenet.scores import CONDITION, REGIONS, Deployed, Scores
from experiments.recorded import Row, table

FOUND, SECONDS = "found.json", "seconds.json"
OBJECTIVES: Final = (f"minimize {CONDITION}", f"maximize {REGIONS}")
SCORED_SIDE: Final = 32
SCORED: Final = 64  # images to draw a batch from and to standardise by


def main(arguments: Sequence[str] | None = None) -> None:
    """Searches, and prints the front and the winner."""
    given = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    deployed = Deployed(given.channels, given.layers, given.size, given.classes)
    benchmark = Scores(sample(given.data, SCORED, SCORED_SIDE), deployed, given.repeats, given.seed)
    limits = [] if math.isinf(given.macs) else [f"flops_m<={given.macs:g}"]
    if given.latency is not None:
        limits.append(f"host_latency_ms<={given.latency:g}")
    settings: Row = {
        "strategy": given.strategy,
        "objectives": OBJECTIVES,
        "limits": tuple(limits),
        "init": min(given.init, given.queries),
        "batch": given.batch,
        "seed": given.seed,
    }
    resume = (given.out / CONFIG).exists()
    if resume:
        _check_same(given.out, settings)
    run = search(
        benchmark,
        out=given.out,
        resume=resume,
        queries=given.queries,
        progress=_Meter(given.out, given.quiet),
        **({} if resume else settings),
    )
    found = summary(run, deployed)
    replace_file(given.out / FOUND, (json.dumps(found, indent=1) + "\n").encode())
    print(front_table(found))
    print(f"\nwinner, of rank sum {found['winner']['rank_sum']}: {found['winner']['arch']}")


def summary(run: Run, deployed: Deployed) -> Row:
    """The front and the winner of a run, with all that tables say of them.

    Raises:
        InvalidInput: If nothing feasible was found.
    """
    feasible = np.flatnonzero(run.outcomes.feasible)
    if not len(feasible):
        raise InvalidInput(f"none of {len(run)} genotypes keeps the limits; relax them")
    sums = rank_sums(run.outcomes.objectives[feasible])
    at = feasible[np.lexsort((run.outcomes.objectives[feasible, 0], sums))[0]]
    by_query = dict(zip((run.rows[one].query for one in feasible), sums.tolist(), strict=True))

    def described(row: Any) -> Row:
        params, macs = deployed.costs([run.benchmark.space.parse(row.arch)])[0] / 1e6
        return {
            "query": row.query,
            "arch": row.arch,
            **{name: round(x, 4) for name, x in zip(run.columns, row.values, strict=True)},
            "params_m": round(params, 4),
            "flops_m": round(macs, 4),
            "rank_sum": by_query[row.query],
        }

    return {
        "winner": described(run.rows[at]),
        "front": [described(row) for row in run.pareto()],
        "queries": len(run),
        "feasible": len(feasible),
        "limits": list(run.config.limits),
        "cpu_hours": round(_seconds(run.folder) / 3600, 4),
    }


def rank_sums(objectives: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Sums ranks from 1 in each of ``(B, M)`` objectives to be minimised; equals rank equally."""
    return np.asarray(rankdata(objectives, "min", axis=0).sum(axis=1), dtype=np.int64)


def front_table(found: Row) -> str:
    """The front, with the winner marked: what is dominated ranks behind."""
    head = ["query", "log condition", "regions", "params (M)", "MACs (M)", "rank sum"]
    lines = [
        [
            f"{row['query']}{' *' if row['query'] == found['winner']['query'] else ''}",
            f"{row[CONDITION]:.3f}",
            f"{row[REGIONS]:.1f}",
            f"{row['params_m']:.2f}",
            f"{row['flops_m']:.0f}",
            row["rank_sum"],
        ]
        for row in found["front"]
    ]
    return table(head, lines)


def _check_same(folder: Path, settings: Row) -> None:
    old = read_config(folder)
    for name, value in settings.items():
        if getattr(old, name) != value:
            raise InvalidInput(
                f"got {name} {value} for the run in {folder}, which was begun with "
                f"{getattr(old, name)}; use that, or choose another folder"
            )


def _seconds(folder: Path | None) -> float:
    path = None if folder is None else folder / SECONDS
    return float(json.loads(path.read_text())) if path is not None and path.exists() else 0.0


@final
class _Meter(Progress):
    """Keeps the CPU seconds of a search, also of one that is killed, and says how far it is."""

    def __init__(self, folder: Path, quiet: bool) -> None:
        self._folder, self._quiet = folder, quiet

    def start(self, total: int, label: str, many_objectives: bool) -> None:
        self._total, self._before = total, _seconds(self._folder)
        self._began = time.process_time()

    def update(self, standing: Standing) -> None:
        spent = self._before + time.process_time() - self._began
        replace_file(self._folder / SECONDS, f"{spent:.2f}\n".encode())
        if not self._quiet and standing.queries:
            note = f"front {standing.front}   failed {standing.failed}   {spent:.0f} s"
            print(f"{standing.queries}/{self._total}   {note}", flush=True)

    def stop(self) -> None:
        return None


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--data", type=Path, required=True, help="the folder of train")
    made.add_argument("--out", type=Path, required=True, help="the folder of the run")
    made.add_argument("--macs", type=float, default=600.0, help="millions; inf for no limit")
    made.add_argument("--latency", type=float, help="milliseconds on this CPU, of one image")
    made.add_argument("--queries", type=int, default=208)
    made.add_argument("--init", type=int, default=16, help="random genotypes to begin with")
    made.add_argument("--batch", type=int, default=16, help="genotypes a round")
    made.add_argument("--strategy", default="agnet")
    made.add_argument("--repeats", type=int, default=3, help="weights that are drawn of each")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--size", type=int, default=224, help="side of the images of the network")
    made.add_argument("--classes", type=int, default=1000, help="its outputs")
    made.add_argument("--channels", type=int, default=48)
    made.add_argument("--layers", type=int, default=14)
    made.add_argument("--quiet", action="store_true", help="no line a query")
    return made


if __name__ == "__main__":
    run_command(main)
