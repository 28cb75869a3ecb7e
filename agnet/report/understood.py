"""What a search knew, and where it looked: the figures that take seconds to make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, final

from agnet.report.calibration import Calibration
from agnet.report.drawings import Drawings
from agnet.report.importance_distributions import ImportanceDistributions
from agnet.report.importance_modes import ImportanceModes
from agnet.report.lamoo_chosen import LamooChosen
from agnet.report.lamoo_regions import LamooRegions
from agnet.report.lamoo_tree import LamooTree
from agnet.report.latent_map import LatentMap, Reduction
from agnet.report.page import Chart
from agnet.report.popnas_fronts import PopnasFronts

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from agnet.runs import Run

__all__ = ["understood"]


class Told(Protocol):
    """A figure that says in its ``note`` why there is nothing to see, if so."""

    @property
    def note(self) -> str:
        """Empty if there is something to see."""

    def plotly(self) -> go.Figure:
        """Draws it."""


@final
@dataclass(frozen=True)
class Kind:
    """A kind of figure.

    Attributes:
        name: A word that no other has.
        of: Makes it.
        caption: What it shows, and how to read it.
        points: Whether its points are queries, which can be drawn.
    """

    name: str
    of: Callable[[Run], Told]
    caption: str
    points: bool = False


def understood(
    best: Mapping[str, Run], drawn: Mapping[str, Drawings], reduction: Reduction
) -> tuple[Chart, ...]:
    """Returns the figures that have something to show.

    Args:
        best: Runs by name.
        drawn: Their drawings.
        reduction: Of maps of latent spaces.

    Raises:
        MissingExtra: If umap-learn is wanted and not installed.
    """
    found = []
    for at, (name, run) in enumerate(best.items()):
        for kind in _kinds(reduction):
            made = kind.of(run)
            if not made.note:
                pictures = drawn[name] if kind.points else None
                caption = f"{name}: {kind.caption}"
                found.append(Chart.of(f"chart-{kind.name}-{at}", caption, made.plotly(), pictures))
    return tuple(found)


def _kinds(reduction: Reduction) -> tuple[Kind, ...]:
    """All kinds, in the order in which they are shown."""
    return (
        Kind(
            "told",
            Calibration.of,
            "What the surrogate expected of each query before it was made, and what came of it; in "
            "the second panel how well it ranked those of each stretch of rounds: 1 is the right "
            "order, 0 none.",
            points=True,
        ),
        Kind(
            "map",
            partial(LatentMap.of, reduction=reduction),
            "Points are what was evaluated, contours how likely draws of the prior are; the line "
            "leads from round to round through their means.",
            points=True,
        ),
        Kind(
            "regions",
            LamooRegions.of,
            "How finely the space was divided before each round, and how many proposals lay in the "
            "region that was chosen.",
        ),
        Kind(
            "tree",
            LamooTree.of,
            "The tree of the last round. Each node: its samples, their hypervolume, and its upper "
            "confidence bound, by which a region is chosen. The better half comes first.",
        ),
        Kind(
            "chosen",
            LamooChosen.of,
            "What lay in the region that was chosen last, and what was evaluated since; the worst "
            "few may lie outside until one zooms.",
            points=True,
        ),
        Kind(
            "growth",
            PopnasFronts.of,
            "The fronts that were predicted at each step of growth; lines lead from a prediction "
            "to what was observed.",
        ),
        Kind(
            "odds",
            ImportanceDistributions.of,
            "The distributions, one row a price of complexity, the lowest at the bottom: how "
            "likely each option of each choice is drawn.",
        ),
        Kind(
            "prices",
            ImportanceModes.of,
            "How undecided each distribution still is, by the price of complexity, and what "
            "share of the samples it learnt from. Point at one to read its likeliest architecture.",
        ),
    )
