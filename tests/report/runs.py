"""Runs to report on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agnet import Run, open_benchmark, search


def searched(out: Path | None = None, seed: int = 0, **more: Any) -> Run:
    settings: dict[str, Any] = {"strategy": "random", "queries": 12, "init": 4, "batch": 4, **more}
    return search(open_benchmark("nasbench201"), out=out, seed=seed, **settings)


def two(**more: Any) -> Run:
    return searched(objectives=["maximize val_accuracy", "minimize params_m"], **more)


def three(**more: Any) -> Run:
    wanted = ["maximize val_accuracy", "minimize params_m", "minimize flops_m"]
    return searched(objectives=wanted, **more)


def resumed(out: Path, queries: int) -> Run:
    return search(open_benchmark("nasbench201"), out=out, resume=True, queries=queries)
