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
# # 1. A first search, and what a run holds
#
# NAS-Bench-201 is a table of 15,625 small networks that were all trained, so that a search can be
# tried in seconds. One of its data sets ships with the package.

# %%
# %matplotlib inline
from agnet import open_benchmark, search
from agnet.report import Calibration, Curves

benchmark = open_benchmark("nasbench201", dataset="cifar100")
benchmark.space

# %% [markdown]
# A *query* is one architecture whose accuracy the search is told. Here are 64 of them: 16 random
# ones to begin with, then two at a time those that AG-Net thinks most of.

# %%
run = search(benchmark, queries=64, seed=0)
run

# %% [markdown]
# `run.history` is a data frame, one row a query. `seconds` are those of the evaluation.

# %%
run.history.sort_values("val_accuracy", ascending=False).head()

# %% [markdown]
# The best so far after each query; `run.plot()` is the same figure to point at. Two other
# strategies begin with the same 16 networks: what comes after is the difference.

# %%
runs = {"agnet": [run]}
for strategy in ("evolution", "random"):
    runs[strategy] = [search(benchmark, strategy=strategy, queries=64, seed=0)]
Curves.of(runs).matplotlib()

# %% [markdown]
# How well the surrogate knew what it was about to be told, from what was known before. What it
# proposes is good almost always, so that there is little left to rank.

# %%
Calibration.of(run).matplotlib()

# %% [markdown]
# The table is small enough to look up how good that is: of all networks, so many are better than
# the best that was found. A real search cannot know, and neither did this one.

# %%
every = benchmark.query(benchmark.space.enumerate(), ["val_accuracy"])[:, 0]
{name: int((every > group[0].best_so_far()[-1]).sum()) for name, group in runs.items()}

# %% [markdown]
# With `out="runs/first"` a run lies in a folder, survives being killed, and is opened again by
# `Run.open`; `agnet report runs/first` makes a page of it. One seed says little about a method:
# the tables in the README are means of 30.
