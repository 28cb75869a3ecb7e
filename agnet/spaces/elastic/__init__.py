"""Elastic super-networks as search spaces: resolution, width, exit, depths, kernels, expansions."""

from agnet.spaces.elastic.config import CONV, ELASTIC, LIGHT, ElasticConfig, Layer, Stage
from agnet.spaces.elastic.distribution import GeneDistribution
from agnet.spaces.elastic.plan import Plan
from agnet.spaces.elastic.presets import ELASTIC_PRESETS, elastic_preset, elastic_variants
from agnet.spaces.elastic.sampling import Options, sample_filled, sample_genes
from agnet.spaces.elastic.space import ElasticSpace

__all__ = [
    "CONV",
    "ELASTIC",
    "ELASTIC_PRESETS",
    "LIGHT",
    "ElasticConfig",
    "ElasticSpace",
    "GeneDistribution",
    "Layer",
    "Options",
    "Plan",
    "Stage",
    "elastic_preset",
    "elastic_variants",
    "sample_filled",
    "sample_genes",
]
