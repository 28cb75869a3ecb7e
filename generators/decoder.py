"""From latent codes to architectures: one choice after the other, each seeing those before it."""

from __future__ import annotations

from typing import final

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from agnet.generators.parameters import normal, zeros
from agnet.generators.slots import Slots
from agnet.spaces import Choices

__all__ = ["ChoiceDecoder"]


@final
class ChoiceDecoder(nn.Module):
    """The distribution of ``S`` choices of up to ``K`` options given codes ``(B, Z)``.

    Each slot has a small network of its own. Its input is what the code says to this slot plus a
    vector for every option taken in an *earlier* slot, so that one masked product serves all slots
    in training, and a product with the part known so far serves one slot in generation.
    """

    earlier: torch.Tensor

    def __init__(
        self, slots: Slots, latent: int, hidden: int, trunk: int, rng: torch.Generator
    ) -> None:
        """Draws the initial weights from ``rng``."""
        super().__init__()
        count, width = len(slots), slots.width
        self.slots, self.hidden = slots, hidden
        self.trunk = normal(rng, latent, trunk)
        self.trunk_bias = zeros(trunk)
        self.code = normal(rng, latent + trunk, count * hidden)
        self.code_bias = zeros(count * hidden)
        self.taken = normal(rng, count * width, count, hidden, inputs=count)
        self.inner = normal(rng, count, hidden, hidden)
        self.inner_bias = zeros(count, hidden)
        self.head = normal(rng, count, hidden, width)
        self.head_bias = zeros(count, width)
        source = torch.arange(count).repeat_interleave(width)
        earlier = (source[:, None] < torch.arange(count)).float()[..., None]
        self.register_buffer("earlier", earlier, persistent=False)

    def forward(
        self, codes: torch.Tensor, values: torch.Tensor, allowed: torch.Tensor
    ) -> torch.Tensor:
        """Returns the log-probabilities of given choices, all slots at once.

        Args:
            codes: ``(B, Z)``.
            values: ``(B, S)``, the option taken in each slot.
            allowed: ``(B, S, K)``, the options that each slot had.

        Returns:
            ``(B, S)``.
        """
        count, width = len(self.slots), self.slots.width
        taken = functional.one_hot(values, width).to(codes.dtype).flatten(1)
        seen = taken @ (self.taken * self.earlier).flatten(1)
        state = functional.gelu((self._context(codes) + seen).view(len(codes), count, self.hidden))
        state = state.transpose(0, 1)  # the slots are the batch of the products
        state = state + functional.gelu(torch.baddbmm(self.inner_bias[:, None], state, self.inner))
        logits = torch.baddbmm(self.head_bias[:, None], state, self.head).transpose(0, 1)
        logs = logits.masked_fill(~allowed, -torch.inf).log_softmax(2)
        return logs.gather(2, values[..., None])[..., 0]

    @torch.inference_mode()
    def generate(self, codes: torch.Tensor, rng: torch.Generator, temperature: float) -> Choices:
        """Draws choices ``(B, C)``, valid but not yet canonical, for codes ``(B, Z)``.

        Args:
            codes: ``(B, Z)``.
            rng: What draws are made with.
            temperature: What logits are divided by; 0 takes the likeliest option in each slot.
        """
        slots, rows = self.slots, len(codes)
        count, width = len(slots), slots.width
        context = self._context(codes).view(rows, count, self.hidden)
        taken = torch.zeros(rows, count * width)
        choices = np.zeros((rows, count), dtype=np.int64)
        for step, (at, size) in enumerate(zip(slots.order, slots.sizes, strict=True)):
            known = step * width
            state = torch.addmm(context[:, step], taken[:, :known], self.taken[:known, step])
            state = functional.gelu(state)
            inner = torch.addmm(self.inner_bias[step], state, self.inner[step])
            state = state + functional.gelu(inner)
            logits = torch.addmm(self.head_bias[step, :size], state, self.head[step, :, :size])
            if temperature > 0:
                noise = torch.empty(rows, size).exponential_(generator=rng)
                logits = logits / temperature - noise.clamp_min(1e-30).log()
            allowed = slots.space.allowed(choices, step)
            if not allowed.all():
                logits = logits.masked_fill(torch.from_numpy(~allowed), -torch.inf)
            value = logits.argmax(1)
            taken[:, known : known + width].scatter_(1, value[:, None], 1.0)
            choices[:, at] = value.numpy()
        return choices.astype(np.int16)

    def _context(self, codes: torch.Tensor) -> torch.Tensor:
        """What the codes say to the slots, ``(B, S * H)``."""
        trunk = functional.gelu(torch.addmm(self.trunk_bias, codes, self.trunk))
        return torch.addmm(self.code_bias, torch.cat([codes, trunk], dim=1), self.code)
