# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5. A space and a benchmark of your own
#
# What is searched need not be a published space. Here it is a small perceptron for handwritten
# digits: how many layers, how wide, which activation, what rate of learning. The space and the
# benchmark take the next twenty lines.

# %%
# %matplotlib inline
import warnings

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from agnet import Metric, search
from agnet.benchmarks import FunctionBenchmark
from agnet.report import Curves
from agnet.spaces import ChoiceSpace

images, labels = load_digits(return_X_y=True)
train_x, held_x, train_y, held_y = train_test_split(images / 16, labels, random_state=0)
space = ChoiceSpace.of(
    depth=[1, 2, 3],
    width=[4, 8, 12, 16, 24, 32],
    activation=["relu", "tanh", "logistic"],
    rate=[1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1],
)


def measure(arch):
    """Trains one network for a moment."""
    depth, width, activation, rate = space.chosen(arch).values()
    how = {"learning_rate_init": rate, "max_iter": 12, "random_state": 0}
    model = MLPClassifier((width,) * depth, activation, **how)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that so few epochs have not converged
        model.fit(train_x, train_y)
    weights = sum(one.size for one in model.coefs_)
    return {"val_accuracy": 100 * model.score(held_x, held_y), "weights": weights}


metrics = [Metric("val_accuracy", "%", "maximize"), Metric("weights", "", "minimize")]
benchmark = FunctionBenchmark(space, measure, metrics, dataset="digits")

# %% [markdown]
# Every strategy, limits, several objectives, resuming and reports work on it. AG-Net would train a
# generator for the space first; in one of 378 networks it can do without.

# %%
runs = {
    "agnet": search(benchmark, queries=24, init=8, seed=0, options={"generator": False}),
    "random": search(benchmark, strategy="random", queries=24, init=8, seed=0),
}
Curves.of({name: [run] for name, run in runs.items()}).matplotlib()

# %%
runs["agnet"].history.sort_values("val_accuracy", ascending=False).head()

# %% [markdown]
# The smallest network that is good enough:

# %%
small = search(
    benchmark,
    queries=24,
    init=8,
    seed=0,
    objectives=("minimize weights",),
    limits=["val_accuracy>=90"],
    options={"generator": False},
)
print(f"{small.best}: {small.best_so_far()[-1]:.0f} weights")
small.best

# %% [markdown]
# For spaces with a structure of their own (cells, blocks, what is dead or equal) implement
# `agnet.spaces.SearchSpace`, and for other sources of numbers `agnet.benchmarks.Benchmark`. The
# suites in `agnet.testing` say whether they keep what they promise:

# %%
from agnet.testing import BenchmarkContract, SpaceContract


class TestMySpace(SpaceContract):
    """Run by pytest; here its first checks are called by hand."""

    def space(self):
        """The space under test."""
        return space


class TestMyBenchmark(BenchmarkContract):
    """The same of the benchmark."""

    samples = 4

    def benchmark(self):
        """The benchmark under test."""
        return benchmark


for suite in (TestMySpace(), TestMyBenchmark()):
    checks = [name for name in dir(suite) if name.startswith("test_")]
    print(type(suite).__name__, len(checks), "checks")
TestMySpace().test_text_round_trip()
TestMyBenchmark().test_batched_equals_single()
