"""How a network is trained: one value, from which the training follows but for its data."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, isfinite, pi
from typing import Final, Literal, final

from agnet.errors import InvalidInput

__all__ = ["PRESETS", "Recipe"]


@final
@dataclass(frozen=True)
class Recipe:
    """Settings of a training; by default those of the search of POPNASv2.

    The rate follows a cosine from its full value to 0, within every epoch too. With ``period`` it
    starts again after so many epochs, then after twice as many, and so on: 3, 6 and 12 make 21
    (Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017).

    Attributes:
        epochs: Passes over the training images.
        batch: Images an update; an incomplete last batch of an epoch is left out.
        optimizer: ``adamw``, or ``sgd`` with momentum.
        rate: The learning rate where the cosine is highest.
        momentum: Of ``sgd``.
        weight_decay: Is multiplied by the rate, and so falls with it.
        period: Epochs before the first restart; 0 for no restart.
        smoothing: The part of a label that is spread over all classes.
        flip: Whether images are mirrored, left to right, half of the time.
        translation: The largest shift along each side, as a part of it.
    """

    epochs: int = 21
    batch: int = 128
    optimizer: Literal["adamw", "sgd"] = "adamw"
    rate: float = 0.01
    momentum: float = 0.9
    # At the full rate 5e-4 of a weight each update, as there, where no rate multiplies it.
    weight_decay: float = 0.05
    period: int = 3
    smoothing: float = 0.0
    flip: bool = True
    translation: float = 0.125

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If a setting is out of range; the message says which.
        """
        if self.optimizer not in ("adamw", "sgd"):
            raise InvalidInput(f"got the optimizer {self.optimizer!r}; expected adamw or sgd")
        # Batch norm needs two images.
        for name, least in (("epochs", 1), ("batch", 2), ("period", 0)):
            if getattr(self, name) < least:
                raise InvalidInput(f"got {name} = {getattr(self, name)}; expected at least {least}")
        for name, low, below in (
            ("rate", 0.0, float("inf")),
            ("weight_decay", 0.0, float("inf")),
            ("momentum", 0.0, 1.0),
            ("smoothing", 0.0, 1.0),
            ("translation", 0.0, 1.0),
        ):
            value = getattr(self, name)
            if not (isfinite(value) and low <= value < below):
                raise InvalidInput(
                    f"got {name} = {value}; expected a number from {low:g}, below {below:g}"
                )

    def share_of_rate(self, epoch: float) -> float:
        """Returns the part of the full rate, 0 to 1, after so many epochs."""
        length = float(self.period or self.epochs)
        while self.period and epoch >= length:
            epoch -= length
            length *= 2
        return 0.5 * (1 + cos(pi * epoch / length))


PRESETS: Final = {
    "popnas": Recipe(),
    "smoke": Recipe(epochs=2, batch=64, period=0, flip=False, translation=0.0),
}
"""Recipes by name: that of POPNASv2's search, and one that shows that everything works."""
