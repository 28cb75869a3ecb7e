"""Search spaces: what an architecture is, one file a space."""

from collections.abc import Callable
from typing import Final

from agnet.errors import InvalidInput
from agnet.spaces.architectures import Architecture, Architectures, Choices
from agnet.spaces.base import LISTABLE, SearchSpace
from agnet.spaces.blocks import BlockCells
from agnet.spaces.choice_space import ChoiceSpace
from agnet.spaces.darts import DARTS
from agnet.spaces.elastic import ELASTIC_PRESETS, ElasticSpace, elastic_variants
from agnet.spaces.graphs import GraphBatch
from agnet.spaces.nasbench101 import NASBench101
from agnet.spaces.nasbench201 import NASBench201
from agnet.spaces.ofa_mbv3 import OFAMobileNetV3
from agnet.spaces.subset import Subset

__all__ = [
    "DARTS",
    "LISTABLE",
    "SPACES",
    "Architecture",
    "Architectures",
    "BlockCells",
    "ChoiceSpace",
    "Choices",
    "ElasticSpace",
    "GraphBatch",
    "NASBench101",
    "NASBench201",
    "OFAMobileNetV3",
    "SearchSpace",
    "Subset",
    "open_space",
]

SPACES: Final[dict[str, Callable[[], SearchSpace]]] = {
    "nasbench201": NASBench201,
    "nasbench101": NASBench101,
    "nasbench101-5v": lambda: NASBench101(5),
    "darts": DARTS,
    "blocks": BlockCells,
    "ofa_mbv3": OFAMobileNetV3,
}


def open_space(name: str) -> SearchSpace:
    """Returns the search space of a name, with its default settings.

    Those of elastic super-networks are called after their preset, as in ``elastic-tiny``, with
    ``-single``, ``-dense`` and ``-parallel`` for what differs from it.

    Raises:
        InvalidInput: If there is no such space; the message lists those there are.
    """
    elastic = elastic_variants()
    if name in elastic:
        return ElasticSpace(elastic[name])
    if name not in SPACES:
        presets = ", ".join(f"elastic-{preset}" for preset in ELASTIC_PRESETS)
        raise InvalidInput(
            f"got the search space {name!r}; expected one of {', '.join(SPACES)}, or {presets}, "
            "each with or without -single, -dense and -parallel"
        )
    return SPACES[name]()
