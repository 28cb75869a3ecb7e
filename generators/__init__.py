"""Generators: latent spaces of architectures to draw from."""

from agnet.generators.base import Generator

__all__ = ["Generator"]
