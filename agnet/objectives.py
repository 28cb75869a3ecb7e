"""Metrics, objectives and limits: what is wanted of an architecture.

Inside the package every objective is minimised and every limit is an upper bound of zero on an
excess; signs are flipped here and nowhere else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput

__all__ = [
    "Direction",
    "Limit",
    "Metric",
    "Objective",
    "Outcomes",
    "check_together",
    "outcomes",
    "total_excess",
]

Direction: TypeAlias = Literal["maximize", "minimize"]
Source: TypeAlias = Literal["measured", "predicted", "computed"]

LIMIT_PATTERN: Final = re.compile(
    r"\s*(?P<metric>[^\s<>=](?:[^<>=]*[^\s<>=])?)\s*(?P<sign><=|>=)\s*(?P<bound>\S+)\s*"
)


@dataclass(frozen=True)
class Metric:
    """One number that a benchmark knows of an architecture.

    Attributes:
        name: As in ``val_accuracy`` or ``edgegpu_latency_ms``; the unit is part of the name where
        the
            name does not imply it.
        unit: The unit in words: ``%``, ``ms``, ``mJ``, ``s``, ``M``.
        direction: Which way is better.
        source: ``measured`` on the architecture, ``predicted`` by a model, or ``computed`` exactly.
        held_out: Whether it is a test metric, which a search must not see.
        description: What it is, in a few words.
    """

    name: str
    unit: str
    direction: Direction
    source: Source = "measured"
    held_out: bool = False
    description: str = ""


@dataclass(frozen=True)
class Objective:
    """One metric to be minimised or maximised."""

    metric: str
    direction: Direction

    @property
    def sign(self) -> float:
        """Factor that turns the metric into something to be minimised."""
        return 1.0 if self.direction == "minimize" else -1.0

    def __str__(self) -> str:
        return f"{self.direction} {self.metric}"


@dataclass(frozen=True)
class Limit:
    """A hard bound on one metric, such as ``edgegpu_latency_ms<=5``."""

    metric: str
    sign: Literal["<=", ">="]
    bound: float

    def __post_init__(self) -> None:
        """Checks the sign and the number.

        Raises:
            InvalidInput: If one is none.
        """
        number = isinstance(self.bound, (int, float)) and not isinstance(self.bound, bool)
        if self.sign not in ("<=", ">=") or not number:
            raise InvalidInput(
                f"got a limit with {self.sign!r} and {self.bound!r}; expected '<=' or '>=' and a "
                "number"
            )

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Reads ``METRIC<=NUMBER`` or ``METRIC>=NUMBER``.

        Raises:
            InvalidInput: If the text has another form or the number is not finite.
        """
        match = LIMIT_PATTERN.fullmatch(text)
        try:
            bound = float(match["bound"]) if match else math.nan
        except ValueError:
            bound = math.nan
        if match is None or not math.isfinite(bound):
            raise InvalidInput(
                f"got the limit {text!r}; expected METRIC<=NUMBER or METRIC>=NUMBER, "
                "as in edgegpu_latency_ms<=5"
            )
        return cls(match["metric"], "<=" if match["sign"] == "<=" else ">=", bound)

    def excess(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Returns by how much values break the limit, in the metric's unit; <= 0 where kept."""
        return values - self.bound if self.sign == "<=" else self.bound - values

    def __str__(self) -> str:
        short = f"{self.bound:g}"
        return f"{self.metric}{self.sign}{short if float(short) == self.bound else self.bound}"


def check_together(limits: Sequence[Limit]) -> None:
    """Checks that limits on one metric leave something between them.

    Raises:
        InvalidInput: If they do not.
    """
    for lower in limits:
        for upper in limits:
            same = lower.metric == upper.metric and (lower.sign, upper.sign) == (">=", "<=")
            if same and lower.bound > upper.bound:
                raise InvalidInput(
                    f"got the limits {lower} and {upper}, which exclude each other; drop one"
                )


@dataclass(frozen=True)
class Outcomes:
    """What a strategy is told of ``B`` evaluated architectures.

    Attributes:
        objectives: ``(B, M)``, every column to be minimised; NaN where the evaluation failed.
        excess: ``(B, L)``, by how much each limit is broken; at most 0 where it is kept, NaN where
            unknown, which counts as broken.
    """

    objectives: npt.NDArray[np.float64]
    excess: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        """Checks the shapes.

        Raises:
            InvalidInput: If the two arrays are not ``(B, M)`` and ``(B, L)``.
        """
        if (
            self.objectives.ndim != 2
            or self.excess.ndim != 2
            or len(self.objectives) != len(self.excess)
        ):
            raise InvalidInput(
                f"got objectives {self.objectives.shape} and excess {self.excess.shape}; "
                "expected (B, M) and (B, L)"
            )

    def __len__(self) -> int:
        return len(self.objectives)

    @property
    def failed(self) -> npt.NDArray[np.bool_]:
        """``(B,)``, where the evaluation gave no number for some objective or limit."""
        unknown = np.concatenate([np.isnan(self.objectives), np.isnan(self.excess)], axis=1)
        return np.asarray(unknown.any(axis=1))

    @property
    def finite(self) -> npt.NDArray[np.bool_]:
        """``(B,)``, where every number is finite."""
        numbers = np.concatenate([self.objectives, self.excess], axis=1)
        return np.asarray(np.isfinite(numbers).all(axis=1))

    @property
    def feasible(self) -> npt.NDArray[np.bool_]:
        """``(B,)``, evaluated with success and within every limit."""
        return ~self.failed & (self.excess <= 0).all(axis=1)

    @property
    def feasible_objectives(self) -> npt.NDArray[np.float64]:
        """``(B, M)``, the objectives of what is feasible, NaN elsewhere."""
        return np.where(self.feasible[:, None], self.objectives, np.nan)

    def ranks(self) -> npt.NDArray[np.int64]:
        """Ranks ``(B,)`` by the single objective, 0 the best, equal for equals ("min" ranking).

        Feasible architectures come first, in order of the objective; then infeasible ones, in order
        of the sum of their excesses, each relative to the largest of its limit (Deb, "An efficient
        constraint handling method for genetic algorithms", 2000); failed ones share the last rank.

        Raises:
            InvalidInput: If there is more than one objective.
        """
        if self.objectives.shape[1] != 1:
            raise InvalidInput(f"got {self.objectives.shape[1]} objectives; ranks are of one")
        total = total_excess(self.excess)
        tier = np.where(self.failed, 2, np.where(self.feasible, 0, 1))
        value = np.select([tier == 0, tier == 1], [self.objectives[:, 0], total], default=0.0)
        order = np.lexsort((value, tier))
        new = np.ones(len(self), dtype=bool)
        new[1:] = (np.diff(tier[order]) != 0) | (np.diff(value[order]) != 0)
        ranks = np.empty(len(self), dtype=np.int64)
        ranks[order] = np.maximum.accumulate(np.where(new, np.arange(len(self)), 0))
        return ranks


def total_excess(excess: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The sum ``(B,)`` of what ``(B, L)`` limits are broken by, relative to the largest of each."""
    over = np.maximum(np.nan_to_num(excess, nan=0.0), 0.0)
    return np.asarray((over / np.maximum(over.max(axis=0, initial=0.0), 1e-300)).sum(axis=1))


def outcomes(
    values: npt.NDArray[np.float64],
    columns: Sequence[str],
    objectives: Sequence[Objective],
    limits: Sequence[Limit],
) -> Outcomes:
    """Turns metric values ``(B, K)`` in named columns into what a strategy is told."""
    at = {name: i for i, name in enumerate(columns)}
    wanted = [objective.sign * values[:, at[objective.metric]] for objective in objectives]
    over = [limit.excess(values[:, at[limit.metric]]) for limit in limits]
    empty = np.empty((len(values), 0))
    return Outcomes(
        np.stack(wanted, axis=1) if wanted else empty, np.stack(over, axis=1) if over else empty
    )
