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
# # 6. Images of your own
#
# A folder with a folder of images for each class goes in, a trained and exported network comes out.
# To have images that everybody has, this writes scikit-learn's handwritten digits as files; leave
# it out, and name your own folder.

# %%
# %matplotlib inline
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import onnxruntime
from PIL import Image
from sklearn.datasets import load_digits

from agnet import search
from agnet.benchmarks import RealTraining
from agnet.benchmarks.networks import NASBench201Skeleton, export_onnx, load_network
from agnet.benchmarks.training import Recipe, image_folder
from agnet.spaces import NASBench201

work = Path(mkdtemp())
digits = load_digits()
for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
    folder = work / "pets" / f"class-{label}"
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray((pixels * 255 / 16).astype(np.uint8)).save(folder / f"{number}.png")

# %% [markdown]
# A fifth of the images is set apart to choose by, another fifth to test on in the end. The networks
# are those of NAS-Bench-201 made small, and a query trains one of them for two epochs.

# %%
data = image_folder(work / "pets", size=8)
space, skeleton = NASBench201(), NASBench201Skeleton(channels=8, cells=1)
benchmark = RealTraining(space, data, Recipe(epochs=2, batch=64, rate=0.01), skeleton)
run = search(benchmark, queries=12, init=6, seed=0, out=work / "run")
run.history[["query", "round", "arch", "val_accuracy", "seconds"]]

# %%
run.best

# %% [markdown]
# The best is trained on its own, for longer, and its test accuracy is read once.

# %%
trainer = RealTraining(space, data, Recipe(epochs=8, batch=64, rate=0.01), skeleton)
trained = trainer.train(run.best, test=True, folder=work / "best")
print(f"validation {trained.val_accuracy:.2f} %, test {trained.test_accuracy:.2f} %")

# %% [markdown]
# For other programs: ONNX, which need not know of torch.

# %%
kept = load_network(work / "best" / "network.pt")
export_onnx(kept.network, kept.image, work / "pets.onnx")
session = onnxruntime.InferenceSession(work / "pets.onnx")
images = data.test.images.numpy()
(scores,) = session.run(None, {"images": images})
found = scores.argmax(axis=1)
f"ONNX Runtime: {100 * (found == data.test.labels.numpy()).mean():.2f} %"
