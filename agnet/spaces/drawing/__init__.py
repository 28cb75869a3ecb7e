"""Drawings of architectures, of any space, and what notebooks show."""

from agnet.spaces.drawing._display import architecture_shown, batch_shown, space_shown
from agnet.spaces.drawing._rendering import draw, svg

__all__ = ["architecture_shown", "batch_shown", "draw", "space_shown", "svg"]
