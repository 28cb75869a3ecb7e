"""What a network begins and ends with: channels of an image, and classes."""

from __future__ import annotations

from agnet.errors import InvalidInput

__all__ = ["check_ends"]


def check_ends(in_channels: int, num_classes: int) -> None:
    """Checks that there is something to read and something to say.

    Raises:
        InvalidInput: If there are no channels or no classes.
    """
    if in_channels < 1 or num_classes < 1:
        raise InvalidInput(
            f"got images of {in_channels} channels and {num_classes} classes; expected at least "
            "one each"
        )
