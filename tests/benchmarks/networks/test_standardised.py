import torch
from torch import nn

from agnet.benchmarks.networks import standardised


def test_each_channel_is_put_into_deviations_from_its_mean() -> None:
    images = torch.rand(50, 2, 3, 4, generator=torch.Generator().manual_seed(0))
    images[:, 1] = 0.2 * images[:, 1] + 0.5
    mean, deviation = images.mean(dim=(0, 2, 3)), images.std(dim=(0, 2, 3), correction=0)
    made = standardised(nn.Identity(), mean, deviation)(images)
    assert torch.allclose(made.mean(dim=(0, 2, 3)), torch.zeros(2), atol=1e-5)
    assert torch.allclose(made.std(dim=(0, 2, 3), correction=0), torch.ones(2), atol=1e-5)
    assert torch.allclose(made[7, 1], (images[7, 1] - mean[1]) / deviation[1])


def test_what_it_standardises_by_is_saved() -> None:
    made = standardised(nn.Identity(), torch.tensor([0.5]), torch.tensor([0.25]))
    other = standardised(nn.Identity(), torch.zeros(1), torch.ones(1))
    other.load_state_dict(made.state_dict())
    assert torch.equal(other(torch.ones(1, 1, 2, 2)), torch.full((1, 1, 2, 2), 2.0))
