"""Generators: latent spaces of architectures to draw from."""

from agnet.generators.base import Generator
from agnet.generators.graph_vae import GraphVAE
from agnet.generators.latent import around, ascend, interpolate
from agnet.generators.measures import reconstruction
from agnet.generators.pretrained import load_generator, load_pretrained, save_generator
from agnet.generators.pretraining import pretrain
from agnet.generators.settings import GraphVAESettings, recommended

__all__ = [
    "Generator",
    "GraphVAE",
    "GraphVAESettings",
    "around",
    "ascend",
    "interpolate",
    "load_generator",
    "load_pretrained",
    "pretrain",
    "recommended",
    "reconstruction",
    "save_generator",
]
