from __future__ import annotations

import numpy as np
import pytest
import torch

from agnet.benchmarks.training import ImageData, LabelledImages, hold_out
from agnet.errors import InvalidInput
from tests.benchmarks.training.images import labelled


def test_bytes_become_shares() -> None:
    pixels = np.array([[[[0, 51], [102, 255]]]], dtype=np.uint8)
    made = LabelledImages.of(pixels, np.array([3], dtype=np.uint8))
    assert made.images.tolist()[0][0] == pytest.approx(np.array([[0, 0.2], [0.4, 1]]))
    assert made.labels.tolist() == [3]
    assert LabelledImages.of(np.ones((1, 1, 2, 2)), np.array([0])).images.dtype == torch.float32


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (torch.zeros(2, 3, 4), torch.zeros(2, dtype=torch.int64), "expected"),
        (torch.zeros(2, 1, 3, 4).double(), torch.zeros(2, dtype=torch.int64), "float64"),
        (torch.zeros(2, 1, 3, 4), torch.zeros(3, dtype=torch.int64), r"\(3,\)"),
        (torch.zeros(2, 1, 3, 4), torch.zeros(2), "labels"),
        (torch.zeros(0, 1, 3, 4), torch.zeros(0, dtype=torch.int64), "at least 1"),
        (torch.full((2, 1, 3, 4), 255.0), torch.zeros(2, dtype=torch.int64), "to 255"),
        (torch.full((2, 1, 3, 4), torch.nan), torch.zeros(2, dtype=torch.int64), "nan"),
    ],
)
def test_other_images_are_refused(images: torch.Tensor, labels: torch.Tensor, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        LabelledImages(images, labels)


@pytest.mark.parametrize("labels", [np.array([0.9, 1.7]), np.array(["cat", "dog"])], ids=["f", "s"])
def test_labels_are_whole_numbers(labels: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match=r"labels of (float64|<U3)"):
        LabelledImages.of(np.zeros((2, 1, 2, 2)), labels)


def test_parts_have_to_fit() -> None:
    good, other = labelled(10, 2), labelled(10, 2, side=5)
    assert ImageData("good", good, good, good, 2).image_shape == (1, 4, 4)
    with pytest.raises(InvalidInput, match="expected one shape"):
        ImageData("bad", good, good, other, 2)
    with pytest.raises(InvalidInput, match="labels from 0 to 1; expected 0 to 0"):
        ImageData("bad", good, good, good, 1)


def test_a_share_of_every_class_is_held_out() -> None:
    labels = np.repeat([0, 1, 2], [40, 20, 4])
    every = LabelledImages.of(np.arange(64).reshape(64, 1, 1, 1) / 64, labels)
    kept, held = hold_out(every, 0.25, np.random.default_rng(0))
    assert np.bincount(held.labels.numpy()).tolist() == [10, 5, 1]
    assert np.bincount(kept.labels.numpy()).tolist() == [30, 15, 3]
    places = [(64 * part.images.flatten()).tolist() for part in (kept, held)]
    assert sorted(places[0] + places[1]) == list(range(64))
    assert all(part == sorted(part) for part in places)
    again, other = (hold_out(every, 0.25, np.random.default_rng(seed))[1] for seed in (0, 1))
    assert torch.equal(again.images, held.images)
    assert not torch.equal(other.images, held.images)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 0.001, 0.999, float("nan")])
def test_empty_parts_are_refused(share: float) -> None:
    with pytest.raises(InvalidInput, match="hold out|held out"):
        hold_out(labelled(8, 2), share, np.random.default_rng(0))


def test_moments_are_found_on_images_of_all_classes() -> None:
    """Also where a source sorts them by class, as folders do."""
    labels = torch.arange(400) // 100
    part = LabelledImages(labels[:, None, None, None] / 4 + torch.zeros(400, 1, 2, 2), labels)
    data = ImageData("sorted", part, part, part, 4)
    chosen = data.to_calibrate(100)
    counts = (4 * chosen[:, 0, 0, 0]).long().bincount(minlength=4)
    assert chosen.shape == (100, 1, 2, 2)
    assert (counts > 10).all()
    assert torch.equal(data.to_calibrate(50), chosen[:50])
    assert sorted(data.to_calibrate(1000)[:, 0, 0, 0].tolist()) == part.images[:, 0, 0, 0].tolist()
