"""Reports: what runs found, as figures and as pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from agnet.report.calibration import Calibration
from agnet.report.contents import fragment, sections_of
from agnet.report.curves import Curves
from agnet.report.fronts import Fronts
from agnet.report.latent_map import LatentMap, Reduction
from agnet.report.live import Address, serving
from agnet.report.page import page
from agnet.report.strips import Strip
from agnet.spaces.drawing import draw, svg

if TYPE_CHECKING:
    from agnet.runs import Run

__all__ = [
    "Address",
    "Calibration",
    "Curves",
    "Fronts",
    "LatentMap",
    "Strip",
    "draw",
    "fragment",
    "report_page",
    "serving",
    "svg",
]


def report_page(
    groups: Mapping[str, Sequence[Run]],
    title: str = "Architecture search",
    reduction: Reduction = "pca",
) -> str:
    """Returns one page of runs, which needs no other file and no network.

    Args:
        groups: Runs by name; those of one group differ in their seeds.
        title: Its heading.
        reduction: Of maps of latent spaces: ``pca``, or ``umap``, which takes longer.

    Raises:
        InvalidInput: If there are none.
        MissingExtra: If umap-learn is wanted and not installed.
    """
    return page(title, sections_of(groups, reduction=reduction))
