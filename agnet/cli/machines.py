"""Where ``agnet search`` evaluates, apart from this machine."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from agnet.errors import InvalidInput

if TYPE_CHECKING:
    from agnet.loop import EvaluatorFactory

__all__ = ["on_ray"]


def on_ray(
    address: str | None, cpus: float | None, gpus: float | None, workers: int, seeds: str | None
) -> EvaluatorFactory | None:
    """Makes what evaluates on a Ray cluster; None if no address was given.

    Args:
        address: Of the cluster.
        cpus: That an evaluation reserves; by default 1.
        gpus: That an evaluation reserves; by default none.
        workers: Evaluations at a time; 0 for as many as there is room for.
        seeds: Of a sweep, if it is one.

    Raises:
        InvalidInput: If the options do not go together.
    """
    if address is None:
        if cpus is not None or gpus is not None:
            raise InvalidInput("got --ray-cpus or --ray-gpus without --ray, the cluster's address")
        return None
    if seeds is not None:
        raise InvalidInput(
            "got --ray and --seeds; a sweep runs on this machine, with --workers runs at a time"
        )
    from agnet.ray_evaluation import RayEvaluator

    return partial(
        RayEvaluator,
        address=address,
        cpus=1.0 if cpus is None else cpus,
        gpus=gpus or 0.0,
        at_a_time=workers or None,
    )
