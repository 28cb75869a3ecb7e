from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnet.config import SearchConfig
from agnet.errors import InvalidInput
from agnet.objectives import Limit, Objective

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
values = st.one_of(st.integers(-(2**62), 2**62), st.booleans(), texts, st.floats(allow_nan=False))


@given(
    benchmark=st.dictionaries(texts, values, max_size=4),
    options=st.dictionaries(texts, values, max_size=4),
    strategy=texts,
    queries=st.integers(16, 10_000),
    seed=st.integers(0, 2**62),
)
def test_toml_round_trip(**fields: Any) -> None:
    config = SearchConfig(objectives=("maximize val_accuracy",), limits=("params_m<=1",), **fields)
    assert SearchConfig.from_toml(config.to_toml()) == config


def test_a_setting_that_is_none_is_left_out() -> None:
    config = SearchConfig(benchmark={"name": "nasbench201", "folder": None})
    assert SearchConfig.from_toml(config.to_toml()).benchmark == {"name": "nasbench201"}


def test_objectives_and_limits_are_parsed() -> None:
    config = SearchConfig(
        objectives=("maximize val_accuracy", "minimize params_m"), limits=("flops_m <= 100",)
    )
    assert config.parsed_objectives() == (
        Objective("val_accuracy", "maximize"),
        Objective("params_m", "minimize"),
    )
    assert config.parsed_limits() == (Limit("flops_m", "<=", 100.0),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("queries = 0", "queries = 0"),
        ("queries = true", "queries = True"),
        ('seed = "x"', "seed = 'x'"),
        ("asynchronous = 1", "asynchronous = 1"),
        ("queries = 8\ninit = 9", "initial"),
        ("sed = 1", "'sed'"),
        ("seed = ", "not valid TOML"),
        ('objectives = "maximize x"', "list of texts"),
        ('objectives = ["best x"]', "'best x'"),
        ('objectives = ["maximize x", "minimize x"]', "each metric once"),
        ('limits = ["x<5"]', "'x<5'"),
        ('objectives = ["maximize x", "minimize y"]\nreference = [1]', "a finite number for each"),
        ('objectives = ["maximize x"]\nreference = ["1"]', "a finite number for each"),
        ('objectives = ["maximize x"]\nreference = [nan]', "a finite number for each"),
        ("reference = 3", "list of numbers"),
        ('benchmark = "nasbench201"', "expected a table"),
        ("strategy = 3", "expected a name"),
        ("warm_start = 3", "expected a folder"),
        ("options = [1]", "expected a table"),
        ("reference = [1]", "no objectives"),
        ('limits = "x<=5"', "list of texts"),
        ('limits = ["x<=1", "y>=3", "x>=2"]', "x>=2 and x<=1, which exclude each other"),
    ],
)
def test_what_cannot_be_used_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        SearchConfig.from_toml(text)


def test_python_says_the_same_in_values_of_its_own() -> None:
    config = SearchConfig(
        objectives=[Objective("val_accuracy", "maximize"), "minimize params_m"],  # type: ignore[arg-type]
        limits=[Limit.parse("params_m<=1234567.5")],  # type: ignore[arg-type]
        reference=np.array([50, 2.5]),  # type: ignore[arg-type]
        queries=np.int64(20),
        warm_start=Path("before"),  # type: ignore[arg-type]
    )
    assert config == SearchConfig(
        objectives=("maximize val_accuracy", "minimize params_m"),
        limits=("params_m<=1234567.5",),
        reference=(50.0, 2.5),
        queries=20,
        warm_start="before",
    )
    assert SearchConfig.from_toml(config.to_toml()) == config


@pytest.mark.parametrize("name", [field.name for field in fields(SearchConfig)])
@pytest.mark.parametrize(
    "value", [3.5, object(), [None], {1}], ids=lambda value: type(value).__name__
)
def test_what_is_of_another_type_is_refused_wherever_it_comes_from(name: str, value: Any) -> None:
    with pytest.raises(InvalidInput):
        SearchConfig(**{name: value})


def test_limits_may_meet() -> None:
    assert SearchConfig(limits=("x<=1", "x>=1")).limits == ("x<=1", "x>=1")
    with pytest.raises(InvalidInput, match="expected '<=' or '>=' and a number"):
        Limit("x", "<=", "1")  # type: ignore[arg-type]
