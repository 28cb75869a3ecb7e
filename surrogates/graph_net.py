"""A message-passing network that reads whole graphs."""

from __future__ import annotations

import math
from typing import final

import numpy as np
import torch

from agnet.surrogates.live_graphs import LiveGraphs

__all__ = ["GraphNet"]


@final
class GraphNet(torch.nn.Module):
    """Message passing along the edges in both directions, and four readouts.

    With states ``H``, edge counts ``A`` and rectifier ``r``, each layer computes
    ``r(H W + A^T H U + A H V + b)``: sums over predecessors and successors as two matrix products,
    without gathering (the sum keeps what a mean forgets: how many there are; Xu et al., "How
    Powerful are Graph Neural Networks?", ICLR 2019). Weights are drawn and stay: what is learnt is
    the head on top. See :class:`agnet.surrogates.gnn.GraphEnsemble` for why.
    """

    def __init__(self, types: int, width: int, layers: int, rng: np.random.Generator) -> None:
        """Draws weights.

        Args:
            types: The number of node types.
            width: Of a node's state.
            layers: Of message passing.
            rng: What weights are drawn with.
        """
        super().__init__()
        self.start = _drawn(rng, types, width, gain=math.sqrt(types / 2))
        self.shift = _drawn(rng, 1, width, gain=0.5)
        weights = [
            _drawn(rng, rows, width, gain=gain)
            for _ in range(layers)
            for rows, gain in ((width, 1.2), (width, 1.2), (width, 1.2), (1, 0.5))
        ]
        self.layers = torch.nn.ParameterList(weights)

    def forward(self, graphs: LiveGraphs) -> torch.Tensor:
        """Reads ``B`` graphs: ``(B, 4 * width)``."""
        mask = graphs.mask[..., None].float()
        before, after = graphs.edges.transpose(1, 2), graphs.edges
        state = torch.relu(self.start[graphs.types] + self.shift) * mask
        weights = list(self.layers)
        for at in range(0, len(weights), 4):
            own, forth, back, shift = weights[at : at + 4]
            heard = before @ (state @ forth) + after @ (state @ back)
            state = torch.relu(state @ own + heard + shift) * mask
        total = state.sum(dim=1)
        mean = total / mask.sum(dim=1).clamp_min(1.0)
        place = torch.arange(1, graphs.mask.shape[1] + 1)
        last = state[torch.arange(len(state)), (graphs.mask * place).argmax(dim=1)]
        return torch.cat([total, mean, state.amax(dim=1), last], dim=1)


def _drawn(rng: np.random.Generator, rows: int, columns: int, gain: float) -> torch.nn.Parameter:
    numbers = rng.standard_normal((rows, columns)) * gain / math.sqrt(rows)
    return torch.nn.Parameter(torch.from_numpy(numbers.astype(np.float32)), requires_grad=False)
