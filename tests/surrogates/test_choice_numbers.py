from __future__ import annotations

from dataclasses import replace

import numpy as np

from agnet.spaces import NASBench201
from agnet.spaces.elastic import ElasticSpace, elastic_preset
from agnet.surrogates.choice_numbers import choice_numbers


def test_each_option_of_an_elastic_network_has_a_column() -> None:
    space = ElasticSpace(elastic_preset("tiny"))
    arch = space.from_choices([[1, 1, 4, 2, 5, 0, 0, 0]])[0]
    assert space.plan(arch).stages[0][0].kernel == 5  # code 4: kernel 5, expansion 3
    numbers = choice_numbers(space, [arch])[0].astype(int).tolist()
    heads, depths = numbers[:3], numbers[3:6]
    expansions, kernels = numbers[6:12], numbers[12:]
    assert heads == [1, 0, 1]
    assert depths == [2, 1, 0]
    assert expansions == [3, 2, 4, 0, 0, 0]
    assert kernels == [5, 5, 3, 0, 0, 0]


def test_branches_have_columns_where_there_are_several() -> None:
    plain = ElasticSpace(elastic_preset("tiny"))
    space = ElasticSpace(replace(elastic_preset("tiny"), parallel=True))
    archs = space.sample(5, np.random.default_rng(0))
    assert choice_numbers(space, archs).shape[1] == 3 + 3 + 3 * 6
    there = choice_numbers(space, archs)[:, -6:]
    assert ((there > 0) == (archs.choices[:, -6:] > 0)).all()
    assert choice_numbers(plain, plain.sample(2, np.random.default_rng(0))).shape == (2, 18)


def test_other_spaces_give_their_choices() -> None:
    archs = NASBench201().sample(4, np.random.default_rng(0))
    assert np.array_equal(choice_numbers(NASBench201(), archs), archs.choices)
