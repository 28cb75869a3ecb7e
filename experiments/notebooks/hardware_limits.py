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
# # 3. Limits on six devices
#
# The most accurate cell that is fast enough on a device. Latencies are those of HW-NAS-Bench, which
# is not part of the package: download it, then `agnet import hwnasbench HW-NAS-Bench-v1_0.pickle`.
# Without that the next lines say the same.

# %%
# %matplotlib inline
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from agnet import open_benchmark, search

benchmark = open_benchmark("nasbench201", dataset="cifar100")
cells = benchmark.space.enumerate()
DEVICES = ("edgegpu", "raspi4", "edgetpu", "pixel3", "eyeriss", "fpga")
metrics = ["val_accuracy", *(f"{device}_latency_ms" for device in DEVICES)]
values = pd.DataFrame(benchmark.query(cells, metrics), columns=metrics)
values.describe().loc[["count", "min", "50%", "max"]].round(2)

# %% [markdown]
# The Edge TPU could not run every cell: such a latency is missing, and is never taken for a number.
# Devices do not agree on what is fast, which is why a limit is one on a device:

# %%
values[metrics[1:]].corr("spearman").round(2)

# %% [markdown]
# For each device the limit is its median latency. A query that breaks the limit is spent all the
# same; what matters is the best that keeps it.

# %%
rows, runs = [], {}
for metric in metrics[1:]:
    limit = float(values[metric].median())
    run = search(benchmark, queries=64, seed=0, limits=[f"{metric}<={limit:.4f}"])
    runs[metric] = run
    allowed = values[values[metric] <= limit]
    rows.append(
        {
            "limit": f"{metric} <= {limit:.2f}",
            "found (%)": run.best_so_far()[-1],
            "best there is (%)": allowed["val_accuracy"].max(),
            "kept the limit": f"{np.mean([row.feasible for row in run.rows]):.0%}",
        }
    )
pd.DataFrame(rows).round(2)

# %%
figure = Figure(figsize=(9, 5), layout="constrained")
for axes, (metric, run) in zip(figure.subplots(2, 3, sharey=True).flat, runs.items(), strict=True):
    axes.scatter(values[metric], values["val_accuracy"], s=1, color="0.85", rasterized=True)
    history = run.history
    axes.scatter(history[metric], history["val_accuracy"], s=10, c=history["query"], cmap="viridis")
    axes.axvline(float(values[metric].median()), color="crimson", linewidth=1)
    axes.set(xlabel=metric, ylim=(55, 75))
figure.suptitle(
    "Queries of each search, later ones brighter, over all cells; the line is the limit"
)
figure

# %% [markdown]
# On the command line: `agnet search --dataset cifar100 --limit "raspi4_latency_ms<=25"`. Limits can
# be on several metrics at once, energy (`edgegpu_energy_mj`) among them.
