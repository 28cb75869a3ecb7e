from __future__ import annotations

import json

import numpy as np
import pytest

from agnet.errors import InvalidInput
from agnet.report.strips import Strip
from agnet.report.summary import best_of
from agnet.runs import Run
from agnet.spaces import DARTS, NASBench201
from tests.report.made import made_run, painted, said
from tests.report.runs import searched

SPACE = NASBench201()


def test_a_strip_leads_from_one_to_the_other() -> None:
    first, second = SPACE.sample(2, np.random.default_rng(4))
    strip = Strip.of(first, second)
    assert (strip.archs[0], strip.archs[-1]) == (first, second)
    assert all(a != b for a, b in zip(strip.archs, strip.archs[1:], strict=False))
    assert strip.along[0] == 0 and (np.diff(strip.along) > 0).all() and strip.along[-1] <= 1
    differ = [sum(np.array(a.choices) != first.choices) for a in strip.archs]
    assert strip.edits.tolist() == differ
    assert strip.captions[0] == "0% of the way, 0 edits"


def test_both_renderings_show_the_same_architectures() -> None:
    first, second = SPACE.sample(2, np.random.default_rng(5))
    strip = Strip.of(first, second, steps=12)
    drawn, page = painted(strip.matplotlib()), strip.plotly()
    used = [axes for axes in drawn.axes if axes.get_title()]
    assert tuple(axes.get_title() for axes in used) == strip.captions == page.data[0].text
    assert len(page.layout.images) == len(strip.archs)
    told = [text.replace("<br>", "") for text in page.data[0].hovertext]
    assert told == [str(arch) for arch in strip.archs]
    json.loads(page.to_json())


def test_a_strip_from_an_architecture_to_itself_is_one_picture() -> None:
    (only,) = SPACE.sample(1, np.random.default_rng(6))
    strip = Strip.of(only, only, steps=2)
    assert strip.archs == (only,) and strip.edits.tolist() == [0]
    assert len(painted(strip.matplotlib()).axes[0].patches) > 0 and strip.plotly().layout.images


def test_other_spaces_and_too_few_steps_are_refused() -> None:
    (first,) = SPACE.sample(1, np.random.default_rng(0))
    (other,) = DARTS().sample(1, np.random.default_rng(0))
    with pytest.raises(InvalidInput, match="one space"):
        Strip.of(first, other)
    with pytest.raises(InvalidInput, match="2 steps"):
        Strip.of(first, first, steps=1)


def test_the_best_of_a_run_is_led_to_the_best_that_differs_most() -> None:
    run = searched(queries=30)
    strip = Strip.of_best(run)
    rows = best_of(run)
    archs = [SPACE.parse(run.rows[row].arch) for row in rows]
    assert strip.archs[0] == archs[0] == run.best and strip.archs[-1] in archs
    differ = [sum(np.array(arch.choices) != archs[0].choices) for arch in archs]
    assert strip.edits[-1] == max(differ) and not strip.note


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (made_run([1.0]), "Fewer than two feasible"),
        (made_run([]), "Fewer than two feasible"),
        (made_run([(1.0, 3.0), (2.0, 3.0)], limits=("edgegpu_latency_ms<=0",)), "Fewer than two"),
    ],
)
def test_without_two_of_them_there_is_no_way(run: Run, words: str) -> None:
    strip = Strip.of_best(run)
    assert words in said(painted(strip.matplotlib())) and words in said(strip.plotly())
