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
# # 4. Several objectives, with LaMOO and AG-Net
#
# Accuracy against multiply-adds: no best network, but a front of trade-offs. How good a front is,
# is told by the hypervolume between it and a reference point that both must beat.

# %%
# %matplotlib inline
import pandas as pd

from agnet import open_benchmark, search
from agnet.pareto import non_dominated
from agnet.report import Curves, Fronts

benchmark = open_benchmark("nasbench201")
arms = {
    "agnet": {},
    "lamoo, draws": {"sampler": "random"},
    "lamoo, surrogate": {"sampler": "surrogate"},
    "nsga2": {},
    "random": {},
}
runs = {
    name: search(
        benchmark,
        strategy=name.split(",")[0],
        options=options,
        objectives=("maximize val_accuracy", "minimize flops_m"),
        reference=(70.0, 250.0),
        queries=100,
        init=10,
        batch=5,
        seed=0,
    )
    for name, options in arms.items()
}
Curves.of({name: [run] for name, run in runs.items()}).matplotlib()

# %% [markdown]
# All begin with the same 10 cells. The fronts that are left in the end:

# %%
Fronts.of(runs["agnet"]).matplotlib()

# %%
chosen = [row.query for row in runs["agnet"].pareto()]
history = runs["agnet"].history
front = history[history["query"].isin(chosen)]
front.sort_values("flops_m")[["arch", "val_accuracy", "flops_m"]].round(2)

# %% [markdown]
# The table is known, so the true front is too. How many of its cells were found, by 100 of 15,625:

# %%
cells = benchmark.space.enumerate()
values = benchmark.query(cells, ["val_accuracy", "flops_m"])
best = {str(cells[int(row)]) for row in non_dominated(values * [-1, 1]).nonzero()[0]}
found = {name: len(best & {row.arch for row in run.rows}) for name, run in runs.items()}
pd.Series(found, name=f"of {len(best)}")

# %% [markdown]
# LaMOO learns boundaries between what is dominated less and what is dominated more, and draws where
# the hypervolume promises most. With plain draws inside its regions it needs half the queries of
# random search or less; with AG-Net's surrogate choosing inside them it does as well as AG-Net
# itself, and the regions then add nothing. Means of 20 seeds: `python -m
# experiments.pareto_nasbench201 table`.
