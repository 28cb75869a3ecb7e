from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from agnet.benchmarks.scores import (
    SCORES,
    Batch,
    grad_norm,
    jacov,
    linear_regions,
    naswot,
    ntk_condition,
    snip,
    synflow,
    zen,
)
from agnet.errors import EvaluationError


class Small(nn.Module):
    """Two convolutions, normalised, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.body = nn.Sequential(
                nn.Conv2d(2, 4, 3, padding=1, bias=False),
                nn.BatchNorm2d(4),
                nn.ReLU(),
                nn.Conv2d(4, 3, 3, padding=1, bias=False),
                nn.BatchNorm2d(3),
                nn.ReLU(),
            )
            self.classifier = nn.Linear(3, 5)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.body(images)
        return made

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.classifier(self.features(images).mean(dim=(2, 3)))
        return scores


class Flat(nn.Sequential):
    """Of images of one pixel a vector of its channels."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__(nn.Flatten(), *layers)


def linear(rows: list[list[float]]) -> nn.Linear:
    made = nn.Linear(len(rows[0]), len(rows), bias=False)
    made.weight.data = torch.tensor(rows)
    return made


def pixels(rows: list[list[float]], labels: list[int] | None = None) -> Batch:
    images = torch.tensor(rows)[:, :, None, None]
    return Batch(images, torch.tensor(labels or [0] * len(rows)))


def batch(count: int = 6) -> Batch:
    images = torch.rand(count, 2, 5, 5, generator=torch.Generator().manual_seed(1))
    return Batch(images, torch.arange(count) % 5)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", SCORES)
def test_a_score_leaves_the_network_alone_and_repeats_itself(name: str) -> None:
    network = Small().eval()
    before = [value.clone() for value in network.state_dict().values()]
    state = torch.get_rng_state()
    found = [SCORES[name].of(network, batch(), generator()) for _ in range(2)]
    assert found[0] == found[1]
    assert np.isfinite(found[0])
    assert not network.training
    assert all(map(torch.equal, network.state_dict().values(), before))
    assert all(weight.grad is None for weight in network.parameters())
    assert torch.equal(torch.get_rng_state(), state)


def test_synflow_by_hand() -> None:
    """Of |w| R is 3 (1 + 2) + 4 (3 + 0) = 21, and so is each layer's share."""
    network = Flat(linear([[1.0, -2.0], [3.0, 0.0]]), nn.BatchNorm1d(2), linear([[-3.0, 4.0]]))
    assert synflow(network, pixels([[0.3, 0.9]]), generator()) == pytest.approx(np.log1p(42))


def test_gradient_scores_by_hand() -> None:
    """Of two classes with scores s and 0 the loss moves with s by 1 / (1 + exp(-s)) - 1."""
    network = Flat(linear([[2.0, -1.0], [0.0, 0.0]]))
    given = pixels([[0.5, 0.25]], [0])
    slope = 1 / (1 + np.exp(-0.75)) - 1
    assert snip(network, given, generator()) == pytest.approx(-slope * (1.0 + 0.25), rel=1e-5)
    length = -slope * np.sqrt(2 * (0.25 + 0.0625))
    assert grad_norm(network, given, generator()) == pytest.approx(length, rel=1e-5)


def test_layers_that_nothing_depends_on_count_nothing() -> None:
    network = Small()
    without = [score(network, batch(), generator()) for score in (grad_norm, snip, synflow)]
    network.dead = nn.Conv2d(2, 2, 3)
    assert [
        score(network, batch(), generator()) for score in (grad_norm, snip, synflow)
    ] == pytest.approx(without)


@pytest.mark.parametrize(
    ("second", "shared", "regions"), [([0.0, 1.0], 0, 2), ([1.0, 1.0], 1, 2), ([0.5, 0.0], 2, 1)]
)
def test_rectifiers_by_hand(second: list[float], shared: int, regions: int) -> None:
    """The first image switches on the first of two units."""
    network = Flat(linear([[1.0, 0.0], [0.0, 1.0]]), nn.ReLU())
    given = pixels([[1.0, 0.0], second])
    assert linear_regions(network, given, generator()) == regions
    if shared < 2:
        found = naswot(network, given, generator())
        assert found == pytest.approx(np.log(4 - shared**2))
    else:
        with pytest.raises(EvaluationError, match="same state"):
            naswot(network, given, generator())


def test_without_rectifiers_there_are_no_patterns() -> None:
    for score in (naswot, linear_regions):
        with pytest.raises(EvaluationError, match="no rectifiers"):
            score(Flat(linear([[1.0]])), pixels([[1.0]]), generator())


def test_jacov_against_differences() -> None:
    """Gradients by finite differences, correlations by numpy."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(50, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    images = batch().images.double()
    rows = np.empty((6, 50))
    for at in range(50):
        step = torch.zeros(50, dtype=torch.float64)
        step[at] = 1e-5
        up, down = (
            network((images.flatten(1) + sign * step).view_as(images)).sum(dim=1)
            for sign in (1, -1)
        )
        rows[:, at] = ((up - down) / 2e-5).detach().numpy()
    values = np.linalg.eigvalsh(np.corrcoef(rows)) + 1e-5
    expected = -(np.log(values) + 1 / values).sum()
    assert jacov(network.float(), batch(), generator()) == pytest.approx(expected, rel=1e-2)


def test_an_output_that_ignores_images_has_no_score() -> None:
    with pytest.raises(EvaluationError, match="does not depend"):
        jacov(Flat(linear([[0.0, 0.0]])), pixels([[0.1, 0.2], [0.3, 0.4]]), generator())
    with pytest.raises(EvaluationError, match="singular"):
        ntk_condition(Flat(linear([[0.3, 0.7]])), pixels([[0.1, 0.2]] * 2), generator())


def test_the_tangent_kernel_of_a_linear_map() -> None:
    """Of one output the kernel is of scalar products: 1 and 0.25 on the diagonal, 0 beside it."""
    network = Flat(linear([[0.3, 0.7]]))
    given = pixels([[1.0, 0.0], [0.0, 0.5]])
    assert ntk_condition(network, given, generator()) == pytest.approx(4.0)


def test_zen_by_hand_and_with_what_normalisation_divides_by() -> None:
    """A convolution of one weight w moves by 0.01 |w| times the mean of |x|, a Gaussian's."""

    class Plain(nn.Module):
        def __init__(self, *layers: nn.Module) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), *layers)

        def features(self, images: torch.Tensor) -> torch.Tensor:
            made: torch.Tensor = self.body(images)
            return made

    images = Batch(torch.zeros(8, 1, 20, 20), torch.zeros(8, dtype=torch.int64))
    plain = zen(Plain(), images, generator())
    # E log |w| of a Gaussian is -(ln 2 + Euler's constant) / 2.
    expected = np.log(0.01 * 400 * np.sqrt(2 / np.pi)) - (np.log(2) + np.euler_gamma) / 2
    assert plain == pytest.approx(expected, abs=0.5)
    assert zen(Plain(nn.BatchNorm2d(1)), images, generator()) == pytest.approx(plain, abs=0.05)
    with pytest.raises(EvaluationError, match="features"):
        zen(nn.Identity(), images, generator())
