"""A recurrent network that reads a cell block by block."""

from __future__ import annotations

from typing import Final, final

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

__all__ = ["SequenceNet"]

EMBEDDING, FILTERS, UNITS = 10, 16, 48
PARTS: Final = 4  # of a block: input, operation, input, operation


@final
class SequenceNet(nn.Module):
    """Attention over the blocks of a cell, then a bidirectional LSTM: the predictor of POPNASv2.

    Each block is the embeddings of its inputs and operations. Convolutions of kernel size 1 make
    queries and keys of them; keys are values as well.
    """

    def __init__(self, inputs: int, operations: int, generator: torch.Generator) -> None:
        """Draws the weights.

        Args:
            inputs: Different inputs, "no block" included.
            operations: Different operations, "no block" included.
            generator: What weights are drawn with.
        """
        super().__init__()
        with torch.random.fork_rng(devices=[]):  # layers draw of torch's own generator
            self._inputs = nn.Embedding(inputs, EMBEDDING, padding_idx=0)
            self._operations = nn.Embedding(operations, EMBEDDING, padding_idx=0)
            self._query = nn.Linear(PARTS * EMBEDDING, FILTERS)
            self._key = nn.Linear(PARTS * EMBEDDING, FILTERS)
            self._read = nn.LSTM(FILTERS, UNITS, batch_first=True, bidirectional=True)
            self._head = nn.Linear(2 * UNITS, 1)
        for weight in self.parameters():
            if weight.dim() < 2:
                nn.init.zeros_(weight)
            else:
                nn.init.xavier_uniform_(weight, generator=generator)
        with torch.no_grad():
            self._inputs.weight[0] = 0.0
            self._operations.weight[0] = 0.0

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Predicts a number ``(B,)`` for cells ``(B, blocks, 4)``; a block of zeros is none."""
        parts = [self._inputs, self._operations, self._inputs, self._operations]
        blocks = torch.cat([part(tokens[..., at]) for at, part in enumerate(parts)], dim=-1)
        there = tokens[..., 0] > 0
        query, key = self._query(blocks).relu(), self._key(blocks).relu()
        score = (query @ key.mT).masked_fill(~there[:, None, :], -1e9)
        attended = score.softmax(dim=-1) @ key * there[..., None]
        lengths = there.sum(dim=1).clamp(min=1)
        packed = pack_padded_sequence(attended, lengths, batch_first=True, enforce_sorted=False)
        _, (last, _) = self._read(packed)
        out: torch.Tensor = self._head(torch.cat([last[0], last[1]], dim=1))[:, 0]
        return out

    def penalty(self) -> torch.Tensor:
        """The sum of squares of the recurrent weights and of the head."""
        kept = ("_read.weight", "_head.weight")
        weights = [w for name, w in self.named_parameters() if name.startswith(kept)]
        return torch.stack([weight.square().sum() for weight in weights]).sum()
