import torch
from torch import nn

from agnet.benchmarks.networks import NetworkCost, network_cost


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 10),
    )


def test_by_hand() -> None:
    """At 5x7 pixels the first convolution makes 3x4."""
    parameters = 8 * 27 + 16 + 8 * 9 + 8 * 10 + 10
    macs = 12 * 8 * 27 + 12 * 8 * 9 + 8 * 10
    assert network_cost(network(), (3, 5, 7)) == NetworkCost(parameters, macs)


def test_the_network_stays_as_it_is() -> None:
    made = network().train()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    network_cost(made, (3, 8, 8))
    assert made.training
    assert all(torch.equal(before[name], value) for name, value in made.state_dict().items())


def test_what_is_not_trained_does_not_count() -> None:
    made = network()
    made[0].requires_grad_(False)
    assert network_cost(made, (3, 8, 8)).parameters == 16 + 72 + 90
