"""Drawings of architectures: as SVG for a page, and into axes of matplotlib."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agnet.spaces.architectures import Architecture
from agnet.spaces.drawing._anatomy import Part, anatomy
from agnet.spaces.drawing._layering import Array
from agnet.spaces.drawing._picture import FONT, Box, Picture, Wire, Words, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw", "svg"]

FAMILY_COLOURS: Final = {
    "convolution": "#0072B2",
    "separable": "#009E73",
    "dilated": "#CC79A7",
    "pooling": "#E69F00",
}
OTHER: Final = "#888888"
DEAD: Final = 0.4  # how much of what does nothing is seen
TINT: Final = 0.18
LEAST: Final = 280.0
HEAD: Final = 6.0  # length of an arrow's head


def svg(arch: Architecture) -> str:
    """Returns an architecture as an SVG element that can stand in a page, light or dark.

    Lines and letters have the colour of the text around them. The colour of a family of operations
    is that of the CSS variable ``--agnet-convolution``, ``--agnet-separable``, ``--agnet-dilated``,
    ``--agnet-pooling``, ``--agnet-skip`` or ``--agnet-other``, if the page sets it. What does
    nothing is pale, its boxes are dashed. There are no identifiers.
    """
    drawn = picture(anatomy(arch))
    width, height = drawn.size
    shapes = [
        *map(_svg_wire, drawn.wires),
        *map(_svg_box, drawn.boxes),
        *(_svg_words(words) for words in drawn.words),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width:.0f} {height:.0f}"'
        f' style="width:100%;max-width:{width:.0f}px;height:auto" '
        f'font-family="system-ui,sans-serif" font-size="{FONT:g}">'
        f"<title>{html.escape(str(arch))}</title>{''.join(shapes)}</svg>"
    )


def draw(arch: Architecture, axes: Axes) -> None:
    """Draws an architecture into axes, whose frame and scale it takes over.

    Letters are outlines: they grow and shrink with the drawing.
    """
    drawn = picture(anatomy(arch))
    for wire in drawn.wires:
        _draw_wire(wire, axes)
    for box in drawn.boxes:
        _draw_box(box, axes)
    for words in drawn.words:
        _write(words.text, words.x, words.y, axes, centred=False)
    _fit(drawn, axes)


def _colour(part: Part) -> str:
    return FAMILY_COLOURS.get(part.family, OTHER)


def _head(wire: Wire) -> Array:
    """The corners of the arrow's head ``(3, 2)``; wires end to the right."""
    return np.asarray(
        wire.curves[-1, 3] + np.array([(0, 0), (-HEAD, -HEAD / 2), (-HEAD, HEAD / 2)])
    )


def _svg_wire(wire: Wire) -> str:
    start = "M{:.1f} {:.1f}".format(*wire.curves[0, 0])
    way = "".join(
        "C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}".format(*curve[1:].ravel())
        for curve in wire.curves
    )
    corners = " ".join("{:.1f},{:.1f}".format(*corner) for corner in _head(wire))
    pale = 0.65 if wire.live else 0.65 * DEAD
    return (
        f'<g opacity="{pale:g}"><path d="{start}{way}" fill="none" stroke="currentColor" '
        f'stroke-width="1.2" stroke-linejoin="round"/><polygon points="{corners}" '
        'fill="currentColor"/></g>'
    )


def _svg_box(box: Box) -> str:
    part = box.part
    frame = "currentColor"
    if part.kind == "operation":
        frame = f"var(--agnet-{part.family},{_colour(part)})"
    pale = "" if part.live else f' opacity="{DEAD}" stroke-dasharray="3 2"'
    return (
        f'<g{pale}><rect x="{box.x - box.width / 2:.1f}" y="{box.y - box.height / 2:.1f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}" rx="{box.radius:.1f}" '
        f'style="fill:{frame};stroke:{frame}" fill-opacity="{_tint(part):g}" stroke-width="1.2"/>'
        f'<text x="{box.x:.1f}" y="{box.y:.1f}" text-anchor="middle" dominant-baseline="central" '
        f'fill="currentColor">{html.escape(part.label)}</text></g>'
    )


def _svg_words(words: Words) -> str:
    return (
        f'<text x="{words.x:.1f}" y="{words.y:.1f}" dominant-baseline="central" '
        f'fill="currentColor" opacity="0.75">{html.escape(words.text)}</text>'
    )


def _tint(part: Part) -> float:
    return TINT if part.kind == "operation" else 0.06


def _draw_wire(wire: Wire, axes: Axes) -> None:
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path

    pale = 0.65 if wire.live else 0.65 * DEAD
    points = np.concatenate([wire.curves[0, :1], wire.curves[:, 1:].reshape(-1, 2)])
    codes = [Path.MOVETO, *[Path.CURVE4] * (len(points) - 1)]
    look: dict[str, Any] = {"alpha": pale, "linewidth": 0.8}
    axes.add_artist(PathPatch(Path(points, codes), fill=False, edgecolor="black", **look))
    axes.add_artist(Polygon(_head(wire), color="black", alpha=pale, linewidth=0))


def _draw_box(box: Box, axes: Axes) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import FancyBboxPatch

    part = box.part
    frame = _colour(part) if part.kind == "operation" else "black"
    seen = 1.0 if part.live else DEAD
    corner = (box.x - box.width / 2, box.y - box.height / 2)
    axes.add_artist(
        FancyBboxPatch(
            *(corner, box.width, box.height),
            boxstyle=f"round,pad=0,rounding_size={box.radius}",
            facecolor=to_rgba(frame, _tint(part) * seen),
            edgecolor=to_rgba(frame, seen),
            linestyle="-" if part.live else "--",
            linewidth=0.8,
        )
    )
    _write(part.label, box.x, box.y, axes, centred=True, alpha=seen)


def _write(text: str, x: float, y: float, axes: Axes, *, centred: bool, alpha: float = 1.0) -> None:
    """Writes outlines of letters, so that they have a size in the units of the drawing."""
    from matplotlib.patches import PathPatch
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    if not text:
        return
    letters = TextPath((0, 0), text.replace("$", r"\$"), size=FONT * 0.92)
    x0, x1 = letters.vertices[:, 0].min(), letters.vertices[:, 0].max()
    left = (x0 + x1) / 2 if centred else x0
    # All words of a line stand on one height, whatever letters they have.
    turned = letters.transformed(Affine2D().translate(-left, -0.36 * FONT).scale(1, -1))
    moved = turned.transformed(Affine2D().translate(x, y))
    axes.add_artist(PathPatch(moved, color="black", linewidth=0, alpha=alpha))


def _fit(drawn: Picture, axes: Axes) -> None:
    spare = max(LEAST - drawn.size[0], 0) / 2  # the smallest ones are not blown up
    axes.set_xlim(-spare, drawn.size[0] + spare)
    axes.set_ylim(drawn.size[1], 0)
    axes.set_aspect("equal")
    axes.set_axis_off()
