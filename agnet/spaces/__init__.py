"""Search spaces: what an architecture is, one file a space."""

from agnet.spaces.architectures import Architecture, Architectures, Choices
from agnet.spaces.base import SearchSpace
from agnet.spaces.graphs import GraphBatch
from agnet.spaces.nasbench201 import NASBench201

__all__ = [
    "Architecture",
    "Architectures",
    "Choices",
    "GraphBatch",
    "NASBench201",
    "SearchSpace",
]
