from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from agnet.generators.optimizer import Adam, rise_and_fall


@pytest.mark.parametrize("longest", [0.5, 1e9])
def test_it_steps_as_torch_does(longest: float) -> None:
    start = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    mine = Adam([ours])
    reference = torch.optim.Adam([theirs], lr=0.1, betas=(0.9, 0.99))
    for _ in range(20):
        for parameter in (ours, theirs):
            parameter.grad = None
            (parameter.square() * torch.arange(3.0)).sum().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([theirs], longest)
        reference.step()
        mine.step(0.1, longest)
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_what_has_no_gradient_stays() -> None:
    still, moving = torch.ones(2), torch.nn.Parameter(torch.ones(2))
    moving.grad = torch.ones(2)
    optimizer = Adam([still, moving])
    optimizer.step(0.1)
    assert torch.equal(still, torch.ones(2))
    assert torch.allclose(moving, torch.full((2,), 0.9))
    optimizer.clear()
    assert moving.grad is None


def test_rates_rise_and_fall() -> None:
    rates = [rise_and_fall(update, 100, 1.0) for update in range(100)]
    assert rates.index(max(rates)) in (9, 10)
    assert max(rates) == 1.0
    assert rates[0] == pytest.approx(0.1)
    assert 0 < rates[-1] < 0.001
    assert rise_and_fall(0, 1, 1.0) == 1.0


def test_training_does_not_load_the_compiler() -> None:
    code = (
        "import sys, numpy as np; from agnet.generators import GraphVAE, GraphVAESettings;"
        "from agnet.spaces import NASBench201; s = NASBench201();"
        "g = GraphVAE(s, np.random.default_rng(0), GraphVAESettings(retrain_updates=1));"
        "g.retrain(s.sample(9, np.random.default_rng(0)), np.ones(9));"
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
