"""What can be chosen about a graph VAE and its training."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, final

from agnet.errors import InvalidInput
from agnet.spaces import SearchSpace

__all__ = ["GraphVAESettings", "recommended"]


@final
@dataclass(frozen=True)
class GraphVAESettings:
    """Sizes and schedules; :func:`recommended` gives those that fit a space.

    Attributes:
        latent: ``Z``, the dimensions of the latent space.
        hidden: Width of a node's state in the encoder.
        layers: Rounds of message passing.
        readout: Width of the encoder's view of a whole graph.
        slot: Width of each choice's network in the decoder.
        trunk: Width of the decoder's view of a code.
        beta: Weight of the divergence from the prior.
        metric: Weight of the term that makes latent distances follow edit distances.
        updates: Of a fit.
        batch: Architectures an update.
        rate: The highest learning rate of a fit.
        settling: Updates at the end of a fit, with the loss of a retraining, which make draws from
            the prior as common as what was learnt.
        retrain_updates: Of each retraining, however many architectures there are.
        retrain_batch: Architectures an update of a retraining.
        retrain_rate: Its learning rate.
        replay: The share of a retraining's batch that is drawn uniformly from the space.
        transport: Weight of the term that moves draws from the prior, in a retraining and while
            settling.
    """

    latent: int = 24
    hidden: int = 32
    layers: int = 2
    readout: int = 128
    slot: int = 48
    trunk: int = 96
    beta: float = 0.05
    metric: float = 3.0
    updates: int = 4000
    batch: int = 256
    rate: float = 3e-3
    settling: int = 200
    retrain_updates: int = 40
    retrain_batch: int = 128
    retrain_rate: float = 1e-3
    replay: float = 0.5
    transport: float = 0.3

    def __post_init__(self) -> None:
        """Checks the ranges.

        Raises:
            InvalidInput: If a size or a rate is not positive, or a weight is negative.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "int" or field.name.endswith("rate"):
                fits, wanted = value > 0, "more than 0"
            else:
                fits, wanted = value >= 0, "at least 0"
            if not fits or not value < float("inf"):
                raise InvalidInput(f"got {field.name} {value!r}; expected a number, {wanted}")
        if self.replay > 1:
            raise InvalidInput(f"got replay {self.replay!r}; expected a share from 0 to 1")


RECOMMENDED: Final = {
    "nasbench201": GraphVAESettings(latent=16, updates=1500),
    "nasbench101": GraphVAESettings(latent=24, slot=48, updates=3000),
    "darts": GraphVAESettings(latent=64, slot=40, beta=0.02, updates=2000),
    "ofa_mbv3": GraphVAESettings(latent=64, slot=32, beta=0.02, updates=2000),
}


def recommended(space: SearchSpace) -> GraphVAESettings:
    """Returns settings for a space; those of a variant are those of its family."""
    family = getattr(space, "whole", space).name.split("-")[0]
    return RECOMMENDED.get(family, GraphVAESettings())
