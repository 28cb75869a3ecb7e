"""Which networks a super-network is trained as, and when: schedules as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, final

import numpy as np

from agnet.benchmarks.training import Recipe
from agnet.errors import InvalidInput
from agnet.spaces import Architecture
from agnet.spaces.elastic import (
    ElasticConfig,
    ElasticSpace,
    GeneDistribution,
    Options,
    sample_filled,
)

__all__ = ["Phase", "progressive", "sandwich"]

RULES: Final = ("largest", "sandwich", "sampled")


@final
@dataclass(frozen=True)
class Phase:
    """Epochs of one kind.

    Attributes:
        name: What it is called.
        epochs: Passes over the training images.
        rate: The learning rate where it is highest.
        options: What the networks may be made of.
        rule: Which networks make an update: the ``largest``, by the labels; the largest by the
            labels, the smallest and some others by what the largest says (``sandwich``: Yu et al.,
            "BigNAS", ECCV 2020); or some by the labels and a frozen teacher (``sampled``). The
            largest is trained at all of its exits, others at their own.
        drawn: How many networks an update draws.
        warmup: Epochs in which the rate rises from 0.
        sort: Whether channels are sorted first.
        trained: The expansions that have been trained before, whose networks sorting leaves alone.
        teacher: Whether networks learn from a frozen teacher: ``none``, one cut out when the phase
            begins (``new``), or that of the phase before (``kept``).
        distribution: What the networks of ``sampled`` are drawn by; by default uniformly, all those
            of an update at one resolution.
        done: Epochs of the cosine of the rate that were before, in another training,
        of: and how many it has in all; by default it is this phase's own.
    """

    name: str
    epochs: int
    rate: float
    options: Options
    rule: Literal["largest", "sandwich", "sampled"] = "sandwich"
    drawn: int = 2
    warmup: int = 0
    sort: bool = False
    trained: tuple[int, ...] = ()
    teacher: Literal["none", "new", "kept"] = "none"
    distribution: GeneDistribution | None = None
    done: int = 0
    of: int = 0

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If one is out of range, or they do not fit together.
        """
        if self.rule not in RULES or self.teacher not in ("none", "new", "kept"):
            raise InvalidInput(
                f"got the rule {self.rule!r} and the teacher {self.teacher!r}; expected one of "
                f"{', '.join(RULES)}, and none, new or kept"
            )
        if self.epochs < 1 or self.warmup < 0 or self.drawn < (self.rule == "sampled"):
            raise InvalidInput(
                f"got {self.epochs} epochs, {self.warmup} of them to warm up, and {self.drawn} "
                "networks drawn; expected at least 1, 0 and 1"
            )
        given = self.teacher != "none" or self.distribution is not None
        if given and self.rule != "sampled":
            raise InvalidInput(
                f"got a teacher or a distribution for the rule {self.rule}; only sampled has one"
            )
        if self.done < 0 or (self.of and self.of < self.done + self.epochs):
            raise InvalidInput(
                f"got {self.epochs} epochs after {self.done} of a cosine of {self.of}; expected at "
                "most as many as it has"
            )

    def networks(self, space: ElasticSpace, rng: np.random.Generator) -> list[Architecture]:
        """Draws the networks of an update; the first is that which others learn from, if any do.

        Where there are several widths, the largest network of each is among those of ``largest``
        and ``sandwich``. All networks of ``largest``, and of ``sampled`` without a distribution,
        have one resolution.

        Raises:
            InvalidInput: If the space does not have the options.
        """
        options = self.options
        if self.distribution is not None:
            return list(self.distribution.sample(space, self.drawn, rng))
        if self.rule != "sandwich":
            side = int(rng.choice(options.resolutions))
            options = replace(options, resolutions=(side,))
        if self.rule == "sampled":
            return list(sample_filled(space, self.drawn, rng, options))
        widest = [
            replace(options, widths=(width,)).largest(space) for width in options.widths[::-1]
        ]
        if self.rule == "largest":
            return widest
        others = sample_filled(space, self.drawn, rng, options)
        return [*widest, options.smallest(space), *others]


def sandwich(config: ElasticConfig, recipe: Recipe, drawn: int = 2) -> tuple[Phase, ...]:
    """Returns the schedule of one phase with everything open, as long as a recipe says."""
    every = Options.every(config)
    phase = Phase("sandwich", recipe.epochs, recipe.rate, every, drawn=drawn, warmup=recipe.warmup)
    return (phase,)


# Epochs, warm-up epochs and rate of each phase, and how many networks make an update.
Timing = tuple[int, int, float]
PUBLISHED: Final[dict[str, tuple[int, tuple[Timing, ...]]]] = {
    "full": (1, ((180, 0, 0.08),)),
    "kernel": (1, ((125, 5, 0.03),)),
    "level": (2, ((25, 0, 0.0025), (125, 5, 0.0075))),
    "exit": (2, ((25, 0, 0.001875), (65, 5, 0.00375), (95, 5, 0.0075), (125, 5, 0.015))),
    "depth": (2, ((25, 0, 0.0025), (125, 5, 0.0075))),
    "expand": (4, ((25, 0, 0.0025), (125, 5, 0.0075))),
}


def progressive(
    config: ElasticConfig, share: float = 1.0, *, speed: float = 1.0, new_teachers: bool = True
) -> tuple[Phase, ...]:
    """Returns the schedule of progressive shrinking: one dimension after another is opened.

    Kernels, then branches and exits where there are some to choose from, depths and expansions, as
    published for ImageNet (Cai et al., ICLR 2020; Sarti, Lomurno and Matteucci, arXiv 2302.01888).

    Args:
        config: What there is to open; nothing is opened that has one option only.
        share: How many of the published epochs, at least one a phase.
        speed: What the published learning rates, which are for 64 images, are multiplied by.
        new_teachers: Whether each phase has a teacher of its own, or all that of the first.

    Raises:
        InvalidInput: If the share or the speed is not above 0.
    """
    if not (share > 0 and speed > 0):
        raise InvalidInput(f"got share = {share} and speed = {speed}; expected numbers above 0")
    every = Options.every(config)
    opened = replace(
        every,
        **{
            name: getattr(every, name)[-1:]
            for name in ("exits", "depths", "expansions", "kernels", "patterns")
        },
    )
    made: list[Phase] = []
    for what, field, steps in [("full", "kernels", [opened.kernels]), *_openings(config)]:
        drawn, published = PUBLISHED[what]
        timings = (*published[:1] * (len(steps) - len(published)), *published[-len(steps) :])
        for at, (options, (epochs, warmup, rate)) in enumerate(zip(steps, timings, strict=True), 1):
            before, opened = opened, replace(opened, **{field: options})
            first = what == "full"
            made.append(
                Phase(
                    what if len(steps) == 1 else f"{what} {at}",
                    max(1, round(share * epochs)),
                    speed * rate,
                    opened,
                    "largest" if first else "sampled",
                    drawn,
                    round(share * warmup),
                    sort=what == "expand",
                    trained=before.expansions if what == "expand" else (),
                    teacher="none"
                    if first
                    else "new"
                    if new_teachers or len(made) == 1
                    else "kept",
                )
            )
    return tuple(made)


def _openings(config: ElasticConfig) -> list[tuple[str, str, list[tuple[int, ...]]]]:
    """What is opened, in turn: its name, the field of the options, and what is open then."""
    several = tuple(pattern for pattern in config.patterns if f"{pattern:b}".count("1") > 1)
    every = [
        ("kernel", "kernels", [config.kernels]),
        ("level", "patterns", [several, config.patterns]),
        ("exit", "exits", _one_more(config.exits)),
        ("depth", "depths", _one_more(config.depths)),
        ("expand", "expansions", _one_more(config.expansions)),
    ]
    return [one for one in every if len(getattr(config, one[1])) > 1]


def _one_more(options: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The last two options, the last three, and so on."""
    return [options[-count:] for count in range(2, len(options) + 1)]
