"""From graphs to latent distributions: dense message passing in both directions."""

from __future__ import annotations

from typing import final

import torch
from torch import nn
from torch.nn import functional

from agnet.generators.parameters import normal, zeros
from agnet.spaces import GraphBatch

__all__ = ["GraphEncoder"]

LOG_VARIANCES = (-9.0, 2.0)


@final
class GraphEncoder(nn.Module):
    """Maps ``B`` graphs of ``N`` nodes to means and log-variances ``(B, Z)``.

    A node starts as the sum of what its type and its position stand for. In each layer it hears
    from the nodes that feed it and from those that it feeds, ``A^T (H W)`` and ``A (H V)``, and a
    gate decides how much of that it takes. The read-out has weights of its own for each position,
    so that two nodes never have to share one place in the code.
    """

    def __init__(
        self,
        nodes: int,
        types: int,
        latent: int,
        hidden: int,
        layers: int,
        readout: int,
        rng: torch.Generator,
    ) -> None:
        """Draws the initial weights from ``rng``."""
        super().__init__()
        self.types = normal(rng, types, hidden, inputs=1)
        self.positions = normal(rng, nodes, hidden, inputs=1)
        self.mix = nn.ParameterList([normal(rng, hidden, 6 * hidden) for _ in range(layers)])
        self.mix_bias = nn.ParameterList([zeros(2 * hidden) for _ in range(layers)])
        self.gate = normal(rng, hidden, hidden)
        self.gate_bias = zeros(nodes, hidden)
        self.read = normal(rng, nodes * hidden, readout)
        self.read_bias = zeros(readout)
        self.out = normal(rng, readout, 2 * latent)
        self.out_bias = nn.Parameter(torch.cat([torch.zeros(latent), torch.full((latent,), -3.0)]))

    def forward(self, graphs: GraphBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns means and log-variances, each ``(B, Z)``."""
        forwards = graphs.adjacency.float()
        backwards = forwards.transpose(1, 2)
        exist = graphs.mask[..., None].float()
        state = (self.types[graphs.ops] + self.positions) * exist
        for weight, bias in zip(self.mix, self.mix_bias, strict=True):
            own, below, above = (functional.layer_norm(state, state.shape[-1:]) @ weight).chunk(
                3, 2
            )
            heard = own + backwards @ below + forwards @ above + bias
            value, gate = heard.chunk(2, 2)
            state = state + functional.gelu(value) * torch.sigmoid(gate) * exist
        state = functional.layer_norm(state, state.shape[-1:])
        gated = state * torch.sigmoid(state @ self.gate + self.gate_bias) * exist
        whole = functional.gelu(gated.flatten(1) @ self.read + self.read_bias)
        mean, spread = (whole @ self.out + self.out_bias).chunk(2, 1)
        return mean, spread.clamp(*LOG_VARIANCES)
