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
# # 2. The latent space of NAS-Bench-201
#
# The generator is a graph VAE: every point of its latent space decodes to a valid architecture, and
# architectures that are alike lie close to each other. The one that ships has never seen an
# accuracy.

# %%
# %matplotlib inline
import numpy as np
from matplotlib.figure import Figure
from sklearn.decomposition import PCA

from agnet import open_benchmark, search
from agnet.generators import load_pretrained
from agnet.report import LatentMap, Strip

benchmark = open_benchmark("nasbench201")
space = benchmark.space
generator = load_pretrained(space)
cells = space.enumerate()
accuracy = benchmark.query(cells, ["val_accuracy"])[:, 0]
codes = generator.encode(cells).numpy()
codes.shape

# %% [markdown]
# Where the good cells live: all 15,625, flattened to the two directions in which their codes differ
# most. The better half is coloured, the best are drawn last.

# %%
flat = PCA(2).fit(codes)
places = flat.transform(codes)
order = np.argsort(accuracy)
better = order[len(order) // 2 :]

figure = Figure(figsize=(5.6, 3.8), layout="constrained")
axes = figure.subplots()
axes.scatter(*places[order].T, s=2, color="0.85", rasterized=True)
shown = axes.scatter(*places[better].T, s=3, c=accuracy[better], cmap="viridis", rasterized=True)
axes.scatter(*places[order[-20:]].T, s=30, facecolors="none", edgecolors="crimson")
axes.set(xticks=[], yticks=[], title="All cells; circles are the best 20")
figure.colorbar(shown, label="validation accuracy (%)")
figure

# %% [markdown]
# They are not in one place, and two directions of many cannot show how far apart they are. What can
# be measured: how much nearer to each other the best are than any others.


# %%
def distance(rows: np.ndarray) -> float:
    """The mean distance of codes from each other."""
    apart = np.linalg.norm(codes[rows][:, None] - codes[rows][None], axis=-1)
    return float(apart[np.triu_indices(len(rows), 1)].mean())


some = np.random.default_rng(0).choice(len(cells), 200, replace=False)
{"the best 200": round(distance(order[-200:]), 2), "any 200": round(distance(some), 2)}

# %% [markdown]
# Between two cells: the likeliest architecture of each point on the way. Single edges change, one
# or a few at a time.

# %%
Strip.of(cells[int(order[-1])], cells[int(order[len(order) // 2])], generator).matplotlib()

# %% [markdown]
# A search retrains the generator on the best that it has found. What it draws then is better:
# accuracies of 2,000 draws of the prior, before and after it was retrained with weights by rank.

# %%
run = search(benchmark, queries=64, seed=0)
found = space.batch([space.parse(row.arch) for row in run.rows])
values = run.values[:, run.columns.index("val_accuracy")]
rank = np.argsort(np.argsort(-values))
weights = 1 / (0.01 * len(values) + rank)


def drawn() -> np.ndarray:
    """Accuracies of what the prior decodes to."""
    draws = generator.sample(2000, np.random.default_rng(1))
    return benchmark.query(draws, ["val_accuracy"])[:, 0]


before = drawn()
generator.retrain(found, weights / weights.sum(), updates=40)
after = drawn()

figure = Figure(figsize=(6.4, 3.2), layout="constrained")
axes = figure.subplots()
for name, sample in (("before", before), ("after", after)):
    axes.ecdf(sample, label=f"{name}: mean {sample.mean():.1f} %")
axes.set(xlim=(80, 92), xlabel="validation accuracy (%)", ylabel="share of draws below")
axes.legend(frameon=False)
figure

# %% [markdown]
# The map of the run: what was evaluated, where draws of the prior lie, and the way from round to
# round.

# %%
LatentMap.of(run).matplotlib()

# %% [markdown]
# An honest remark: on this small table the search finds the best cell as fast with a generator that
# is not retrained (`--no-retraining`), because a surrogate chooses among thousands of draws anyway.
# Without a surrogate, better draws are all there is: `--surrogate none`.
