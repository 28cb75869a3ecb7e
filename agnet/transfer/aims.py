"""What a transfer measures, and what its hypervolumes are measured to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from typing import Final

from agnet.benchmarks.inherited import METRICS
from agnet.errors import InvalidInput
from agnet.objectives import Limit, Objective
from agnet.transfer.records import Aim

__all__ = ["aim_of", "completed"]

BOTH: Final = (Objective("val_accuracy", "maximize"), Objective("params_m", "minimize"))
SHOWN: Final = ("val_accuracy", "params_m", "flops_m")
FARTHER: Final = 1.1  # than the largest network, which should count, and whose latency varies


def aim_of(
    objectives: Sequence[Objective] = BOTH,
    limits: Sequence[Limit] = (),
    reference: Sequence[float] = (),
) -> Aim:
    """Says what is wanted of networks, checked against what can be measured of them.

    Args:
        objectives: One or several, of the metrics of :class:`agnet.benchmarks.Inherited`.
        limits: Hard bounds on such.
        reference: What hypervolumes are measured to, one number an objective; by default an
            accuracy of 0, and 10 % more than the largest network costs.

    Raises:
        InvalidInput: If there are no objectives, a metric is held out, unknown or named twice, or
            the reference has another number of objectives.
    """
    if not objectives:
        raise InvalidInput("got no objectives; expected at least one, such as val_accuracy")
    wanted = [one.metric for one in objectives]
    for name in wanted:
        if wanted.count(name) > 1:
            raise InvalidInput(f"got {name} as two objectives; expected each metric once")
    named = [*wanted, *(one.metric for one in limits)]
    allowed = [metric.name for metric in METRICS if not metric.held_out]
    for name in named:
        if name not in allowed:
            raise InvalidInput(f"got {name} to search by; expected one of {', '.join(allowed)}")
    given = tuple(float(one) for one in reference)
    if given and (len(given) != len(objectives) or not all(map(isfinite, given))):
        raise InvalidInput(
            f"got the reference {list(given)}; expected {len(objectives)} finite numbers, one for "
            "each objective"
        )
    columns = tuple(name for name in allowed if name in {*named, *SHOWN})
    return Aim(tuple(objectives), tuple(limits), columns, given)


def completed(aim: Aim, largest: Sequence[float]) -> Aim:
    """Returns the same with a reference.

    Args:
        aim: What is wanted.
        largest: ``(K,)``, what was measured of the largest network: nothing costs more.
    """
    if aim.reference:
        return aim
    worst = [
        0.0 if one.direction == "maximize" else FARTHER * largest[aim.columns.index(one.metric)]
        for one in aim.objectives
    ]
    return replace(aim, reference=tuple(worst))
