from __future__ import annotations

import pytest

from agnet.errors import InvalidInput
from experiments.imagenet.commands import run_command


def test_what_a_user_causes_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def wrong() -> None:
        raise InvalidInput("got this;\n  expected that")

    with pytest.raises(SystemExit) as stopped:
        run_command(wrong)
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "got this; expected that\n"


def test_a_mistake_of_ours_is_not_hidden() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_command(broken)
