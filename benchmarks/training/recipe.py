"""How a network is trained: one value, from which the training follows but for its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import cos, inf, isfinite, pi
from typing import Any, Final, Literal, final

from agnet.benchmarks.plain import checked
from agnet.errors import InvalidInput

__all__ = ["PRESETS", "Recipe", "preset"]

LEAST: Final = (("epochs", 1), ("patience", 0), ("batch", 2), ("period", 0), ("warmup", 0))
SCHEDULES: Final = ("cosine", "exponential")
RANGES: Final = (
    (("rate", "weight_decay", "clip", "auxiliary"), 0.0, inf),
    (("momentum", "decay", "smoothing", "average"), 0.0, 1.0),
    (("drop_path", "translation", "cutout"), 0.0, 1.0),
)


@final
@dataclass(frozen=True)
class Recipe:
    """Settings of a training; by default those of the search of POPNASv2.

    The rate follows a cosine from its full value to 0, within every epoch too. With ``period`` it
    starts again after so many epochs, then after twice as many, and so on: 3, 6 and 12 make 21
    (Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017).

    Attributes:
        epochs: Passes over the training images.
        patience: After how many epochs without a better validation accuracy it stops; 0 for never.
        batch: Images an update; an incomplete last batch of an epoch is left out.
        optimizer: ``adamw``, or ``sgd`` with momentum.
        rate: The learning rate where it is highest.
        momentum: Of ``sgd``.
        nesterov: Whether that is Nesterov's.
        weight_decay: Is multiplied by the rate, and so falls with it.
        schedule: ``cosine``, or ``exponential`` for ``decay`` to the power of the whole epochs.
        period: Epochs before the first restart of the cosine; 0 for no restart.
        decay: What is left of the rate after an epoch of the exponential schedule.
        warmup: Epochs in which the rate rises in a straight line from 0 to what it would be.
        clip: The longest gradient, which a longer one is scaled down to; 0 for no limit.
        smoothing: The part of a label that is spread over all classes.
        average: The part of the averaged weights that an update keeps: those are what is evaluated
            and kept in the end. 0 for no averages.
        auxiliary: The weight of the loss of an auxiliary classifier, if the network has one.
        drop_path: The probability that a path of the network is dropped for an image, which
            it rises to in a straight line from 0. For networks that have paths to drop.
        standardise: Whether pixels are put into deviations from the mean of the training images,
            each channel apart.
        flip: Whether images are mirrored, left to right, half of the time.
        translation: The largest shift along each side, as a part of it.
        cutout: The sides of a rectangle that is blanked anywhere, as a part of the image's.
    """

    epochs: int = 21
    patience: int = 0
    batch: int = 128
    optimizer: Literal["adamw", "sgd"] = "adamw"
    rate: float = 0.01
    momentum: float = 0.9
    nesterov: bool = False
    # At the full rate 5e-4 of a weight each update, as there, where no rate multiplies it.
    weight_decay: float = 0.05
    schedule: Literal["cosine", "exponential"] = "cosine"
    period: int = 3
    decay: float = 0.97
    warmup: int = 0
    clip: float = 0.0
    smoothing: float = 0.0
    average: float = 0.0
    auxiliary: float = 0.0
    drop_path: float = 0.0
    standardise: bool = False
    flip: bool = True
    translation: float = 0.125
    cutout: float = 0.0

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If a setting is out of range; the message says which.
        """
        for name, words in (("optimizer", ("adamw", "sgd")), ("schedule", SCHEDULES)):
            if getattr(self, name) not in words:
                raise InvalidInput(
                    f"got the {name} {getattr(self, name)!r}; expected {' or '.join(words)}"
                )
        # Batch norm needs two images.
        for name, least in LEAST:
            if getattr(self, name) < least:
                raise InvalidInput(f"got {name} = {getattr(self, name)}; expected at least {least}")
        for names, low, below in RANGES:
            for name in names:
                value = getattr(self, name)
                if not (isfinite(value) and low <= value < below):
                    raise InvalidInput(
                        f"got {name} = {value}; expected a number from {low:g}, below {below:g}"
                    )

        if self.nesterov and not self.momentum:
            raise InvalidInput("got nesterov and momentum = 0; expected a momentum for it")

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Recipe:
        """Makes a recipe of plain values, as a file or a command line holds them.

        Args:
            table: Settings by name; with ``preset``, what differs from that recipe.

        Raises:
            InvalidInput: If a setting is unknown, of a wrong type or out of range.
        """
        given = dict(table)
        base = preset(given.pop("preset", "popnas"))
        return replace(base, **checked(asdict(base), given, "of a recipe"))

    def share_of_rate(self, epoch: float) -> float:
        """Returns the part of the full rate, 0 to 1, after so many epochs."""
        risen = min(1.0, epoch / self.warmup) if self.warmup else 1.0
        if self.schedule == "exponential":
            return float(risen * self.decay ** int(epoch))
        length = float(self.period or self.epochs)
        while self.period and epoch >= length:
            epoch -= length
            length *= 2
        return risen * 0.5 * (1 + cos(pi * epoch / length))

    def dropped(self, epoch: int) -> float:
        """Returns the probability that a path is dropped in an epoch, counted from 0."""
        return self.drop_path * epoch / self.epochs


def preset(name: str) -> Recipe:
    """Returns one of the recipes ``PRESETS``.

    Raises:
        InvalidInput: If there is none of that name.
    """
    if name not in PRESETS:
        raise InvalidInput(f"got the recipe {name!r}; expected one of {', '.join(PRESETS)}")
    return PRESETS[name]


SGD: Final = Recipe(optimizer="sgd", period=0, translation=0.125, flip=True, standardise=True)
NASBENCH201: Final = replace(SGD, epochs=200, batch=256, rate=0.1, nesterov=True, weight_decay=5e-4)
DARTS: Final = replace(SGD, clip=5.0, auxiliary=0.4)
PRESETS: Final = {
    "popnas": Recipe(),
    "nasbench201-200": NASBENCH201,
    "nasbench201-12": replace(NASBENCH201, epochs=12),
    "darts-cifar": replace(
        DARTS, epochs=600, batch=96, rate=0.025, weight_decay=3e-4, drop_path=0.2, cutout=0.5
    ),
    "darts-imagenet": replace(
        DARTS,
        epochs=250,
        batch=128,
        rate=0.1,
        weight_decay=3e-5,
        schedule="exponential",
        smoothing=0.1,
        translation=0.0,
    ),
    "smoke": Recipe(epochs=2, batch=64, period=0, flip=False, translation=0.0),
}
"""Recipes by name: those of the search of POPNASv2, of the records of NAS-Bench-201 (Dong and Yang,
ICLR 2020), of the networks of DARTS (Liu, Simonyan and Yang, ICLR 2019), and one that shows that
everything works."""
