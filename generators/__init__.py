"""Generators: latent spaces of architectures to draw from."""

from agnet.generators.base import Generator
from agnet.generators.graph_vae import GraphVAE
from agnet.generators.pretraining import pretrain
from agnet.generators.settings import GraphVAESettings, recommended

__all__ = ["Generator", "GraphVAE", "GraphVAESettings", "pretrain", "recommended"]
