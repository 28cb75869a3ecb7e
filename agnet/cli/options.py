"""Settings of strategies that have options of their own."""

from __future__ import annotations

from typing import Any

from agnet.errors import InvalidInput

__all__ = ["of_agnet", "only_of"]


def of_agnet(
    strategy: str | None,
    surrogate: str | None,
    preset: str | None,
    no_retraining: bool,
    no_surrogate: bool,
    no_generator: bool,
) -> dict[str, Any]:
    """Gathers the settings of agnet that have options of their own."""
    if surrogate is not None and no_surrogate:
        raise InvalidInput("got --surrogate and --no-surrogate; use one of them")
    switches = {
        "surrogate": "none" if no_surrogate else surrogate,
        "preset": preset,
        "retraining": False if no_retraining else None,
        "generator": False if no_generator else None,
    }
    return only_of("agnet", strategy, switches)


def only_of(owner: str, strategy: str | None, settings: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings of a strategy that were given, if it is the one to run.

    Args:
        owner: The strategy.
        strategy: The one to run, if that is known.
        settings: By name; None where nothing was given.

    Raises:
        InvalidInput: If another one is to run.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    if given and strategy not in (None, owner):
        options = [f"--{'no-' * (value is False)}{name}" for name, value in given.items()]
        raise InvalidInput(
            f"got {', '.join(options).replace('_', '-')}, which {owner} alone takes, and the "
            f"strategy {strategy}; add --strategy {owner}"
        )
    return given
