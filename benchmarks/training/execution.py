"""Where and how a training computes, which its outcome should not depend on but by rounding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, cast, final

import torch
from torch import nn

from agnet.benchmarks.plain import checked
from agnet.errors import InvalidInput

__all__ = ["Execution"]

PRECISIONS: Final = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
}
SAFE: Final = 16


@final
@dataclass(frozen=True)
class Execution:
    """How a training computes.

    Attributes:
        device: As torch names it, such as ``cpu`` or ``cuda:0``.
        precision: Of multiplications; weights and sums stay in 32 bits.
        channels_last: Whether images lie in memory pixel after pixel.
        compiled: Whether torch compiles the network first.
        threads: How many a CPU uses; the rest of the process has as many as before.
    """

    device: str = "cpu"
    precision: Literal["float32", "bfloat16"] = "float32"
    channels_last: bool = False
    compiled: bool = False
    threads: int = 1

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If there are no threads, no such precision, or no such device here.
        """
        if self.threads < 1:
            raise InvalidInput(f"got {self.threads} threads; expected 1 or more")
        if self.precision not in PRECISIONS:
            raise InvalidInput(
                f"got the precision {self.precision!r}; expected {', '.join(PRECISIONS)}"
            )
        try:
            if torch.empty(0, device=self.device).is_meta:
                raise RuntimeError("nothing is computed on it")
        except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
            reason = str(error).splitlines()[0]
            raise InvalidInput(
                f"got the device {self.device!r}, which cannot be used here: {reason}"
            ) from error

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Execution:
        """Makes it of plain values.

        Raises:
            InvalidInput: If a setting is unknown, of a wrong type or cannot be used.
        """
        return cls(**checked(asdict(cls()), table, "of a training"))

    def placed(self, model: nn.Module) -> nn.Module:
        """Moves a network to the device, in the layout, and returns it, compiled if wished.

        Raises:
            InvalidInput: If it cannot be computed there in that layout.
        """
        model.to(self.device)
        if self.channels_last:
            _check_layout(model, self.device)
            # Weights of convolutions only; torch leaves the others as they are.
            model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return cast("nn.Module", torch.compile(model)) if self.compiled else model

    def run(self, model: Callable[[torch.Tensor], Any], images: torch.Tensor) -> Any:
        """Gives a network images ``(B, C, H, W)``, on the device, in the layout and precision.

        Images of bytes, 0 to 255, become 0 to 1 there: they are a quarter to hand over.
        What it makes is of 32 bits again. The precision is entered for each call: torch keeps the
        rounded weights for as long as it is in it, however they change.
        """
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        there = images.to(self.device, memory_format=layout)
        if there.dtype == torch.uint8:
            there = there.float() / 255
        kind, dtype = torch.device(self.device).type, PRECISIONS[self.precision]
        with torch.autocast(kind, dtype, enabled=self.precision != "float32"):
            made = model(there)
        return tuple(part.float() for part in made) if isinstance(made, tuple) else made.float()


def _check_layout(model: nn.Module, device: str) -> None:
    """Refuses what torch 2.13 and 2.14 compute with damage to memory, found by trying."""
    if torch.device(device).type != "cpu":
        return
    for name, module in model.named_modules():
        if (
            isinstance(module, nn.Conv2d)
            and module.kernel_size == (1, 1)
            and module.stride != (1, 1)
            and module.in_channels < SAFE
        ):
            raise InvalidInput(
                f"got channels_last on a CPU, and {name}, a 1x1 convolution that leaves pixels out "
                f"and reads {module.in_channels} channels, fewer than {SAFE}: torch cannot compute "
                "these together; leave channels_last away, or use more channels"
            )
