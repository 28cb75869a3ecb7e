from __future__ import annotations

import pytest

from agnet.errors import MissingExtra
from agnet.extras import needs


def test_what_is_missing_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(MissingExtra, match=r"nsga2 needs the package nowhere_to_be.*agnet\[evolut"):
        with needs("evolution", "nsga2"):
            import nowhere_to_be_found  # type: ignore[import-not-found]  # noqa: F401


def test_other_errors_are_left_alone() -> None:
    with pytest.raises(ImportError, match="nothing_of_that_name") as caught:
        with needs("evolution", "nsga2"):
            from json import nothing_of_that_name  # type: ignore[attr-defined]  # noqa: F401
    assert not isinstance(caught.value, MissingExtra)
