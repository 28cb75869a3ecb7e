"""Architectures as values: one, and a batch of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, final, overload

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput

if TYPE_CHECKING:
    from agnet.spaces.base import SearchSpace

__all__ = ["Architecture", "Architectures", "Choices"]

Choices: TypeAlias = npt.NDArray[np.int16]
"""Choice vectors of a batch, shape ``(B, C)``."""


@final
class Architecture:
    """One architecture: an immutable, hashable, canonical value of a space.

    Made by a space (``parse``, ``sample``, ``from_choices``), never by hand. ``str()`` gives the
    text form, which ``space.parse`` reads back to an equal value.
    """

    __slots__ = ("_choices", "_space")
    _space: SearchSpace
    _choices: tuple[int, ...]

    def __init__(self, space: SearchSpace, choices: Sequence[int]) -> None:
        """Wraps canonical choices, which the space has checked."""
        object.__setattr__(self, "_space", space)
        object.__setattr__(self, "_choices", tuple(choices))

    @property
    def space(self) -> SearchSpace:
        """The space it belongs to."""
        return self._space

    @property
    def choices(self) -> tuple[int, ...]:
        """Its ``C`` choices in canonical form."""
        return self._choices

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an Architecture is immutable; cannot set {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Architecture, (self._space, self._choices))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Architecture):
            return NotImplemented
        return self._choices == other._choices and self._space == other._space

    def __hash__(self) -> int:
        return hash((self._space.name, self._choices))

    def __str__(self) -> str:
        return self._space.format(self._choices)

    def __repr__(self) -> str:
        return f"Architecture({self._space.name}, {str(self)!r})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the drawing, and the text."""
        from agnet.spaces.drawing import architecture_shown

        return architecture_shown(self)


@final
class Architectures(Sequence[Architecture]):
    """A batch of ``B`` architectures of one space, held as one integer array.

    Indexing with an integer gives an :class:`Architecture`, with a slice, a mask or a list or array
    of integers a batch. Nothing in the package loops over its members: work is done on ``choices``.
    """

    __slots__ = ("choices", "space")

    def __init__(self, space: SearchSpace, choices: npt.ArrayLike) -> None:
        """Wraps canonical choices ``(B, C)``, which the space has checked.

        Raises:
            InvalidInput: If the array is not of shape ``(B, C)`` with the ``C`` of the space.
        """
        array = np.array(choices, dtype=np.int16)
        width = len(space.choice_sizes)
        if array.ndim != 2 or array.shape[1] != width:
            raise InvalidInput(f"got choices of shape {array.shape}; {space.name} has (B, {width})")
        array.setflags(write=False)
        self.space: SearchSpace = space
        self.choices: Choices = array

    def __len__(self) -> int:
        return len(self.choices)

    @overload
    def __getitem__(self, index: int) -> Architecture: ...
    @overload
    def __getitem__(self, index: slice | list[int] | npt.NDArray[Any]) -> Architectures: ...
    def __getitem__(
        self, index: int | slice | list[int] | npt.NDArray[Any]
    ) -> Architecture | Architectures:
        if isinstance(index, list):
            index = np.array(index, dtype=np.int64)
        if isinstance(index, (slice, np.ndarray)):
            return Architectures(self.space, self.choices[index])
        return Architecture(self.space, self.choices[index].tolist())

    def __iter__(self) -> Iterator[Architecture]:
        return (Architecture(self.space, row) for row in self.choices.tolist())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Architectures):
            return NotImplemented
        return self.space == other.space and np.array_equal(self.choices, other.choices)

    __hash__ = None  # type: ignore[assignment]  # a batch holds an array

    def __add__(self, other: Architectures) -> Architectures:
        if not isinstance(other, Architectures):
            return NotImplemented
        if other.space != self.space:
            raise InvalidInput(
                f"cannot join {self.space.name} and {other.space.name} architectures"
            )
        return Architectures(self.space, np.concatenate([self.choices, other.choices]))

    def distinct(
        self, level: str | None = None, *, unlike: Architectures | None = None
    ) -> Architectures:
        """Keeps the first of each distinct architecture, in order.

        Args:
            level: At which two count as equal, one of ``space.key_levels``; the finest by default.
            unlike: Whatever equals one of these is left out, too.
        """
        keys, first = np.unique(self.space.keys(self, level), return_index=True)
        if unlike is not None:
            first = first[~np.isin(keys, self.space.keys(unlike, level))]
        return self[np.sort(first)]

    def __repr__(self) -> str:
        return f"Architectures({self.space.name}, {len(self)})"

    def _repr_html_(self) -> str:
        """What a notebook shows: how many there are, and the first few drawn."""
        from agnet.spaces.drawing import batch_shown

        return batch_shown(self)
