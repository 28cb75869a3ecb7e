"""Drawings of architectures, of any space."""

from agnet.spaces.drawing._rendering import draw, svg

__all__ = ["draw", "svg"]
