from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from agnet.benchmarks.networks import BlockMacro, BlockNetwork, DARTSSkeleton
from agnet.benchmarks.training import Execution, Recipe, TrainingResult, accuracy, evaluation, train
from agnet.errors import (
    CheckpointError,
    EvaluationError,
    InvalidInput,
    StorageError,
    TrainingDiverged,
)
from agnet.spaces import DARTS, BlockCells
from tests.benchmarks.training.images import bright

PLAIN = Recipe(epochs=3, batch=12, rate=0.05, period=0, flip=False, translation=0.0)
FULL = replace(PLAIN, flip=True, translation=0.25, smoothing=0.1)
CELL = BlockCells().parse("[(-1,conv_3x3,-2,max_pool_2x2)]")


def network(seed: int = 0) -> BlockNetwork:
    return BlockNetwork(CELL, BlockMacro(2, 1, 4), 1, 3, torch.Generator().manual_seed(seed))


def outcome(result: TrainingResult) -> tuple[object, ...]:
    """All but the seconds."""
    return result.losses, result.val_accuracies, result.steps, result.test_accuracy


class Watched(nn.Module):
    """A linear classifier that remembers what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(16, 3)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.trained: list[torch.Tensor] = []
        self.evaluated: list[int] = []
        self.threads: set[int] = set()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.threads.add(torch.get_num_threads())
        if self.training:
            self.trained.append(images)
        else:
            self.evaluated.append(len(images))
        scores: torch.Tensor = self.linear(images.flatten(1))
        return scores


@pytest.mark.parametrize("recipe", [PLAIN, FULL, replace(FULL, optimizer="sgd", period=1)])
def test_outcome_follows_from_weights_and_generator(recipe: Recipe) -> None:
    before = torch.get_rng_state()
    found = []
    for weights, order in ((0, 0), (0, 0), (1, 0), (0, 1)):
        model = network(weights)
        result = train(model, bright(), recipe, torch.Generator().manual_seed(order), test=True)
        found.append((outcome(result), [p.detach().clone() for p in model.parameters()]))
    (first, weights_of_first), (second, weights_of_second), *others = found
    assert first == second
    assert all(map(torch.equal, weights_of_first, weights_of_second))
    assert all(other[0] != first for other in others)
    assert torch.equal(torch.get_rng_state(), before)


def test_what_can_be_learnt_is_learnt() -> None:
    recipe = replace(PLAIN, epochs=15)
    result = train(network(), bright(), recipe, torch.Generator().manual_seed(0), test=True)
    assert result.losses[-1] < 0.3 * result.losses[0]
    assert result.val_accuracy == result.val_accuracies[-1] == 100.0
    assert result.test_accuracy == 100.0
    assert len(result.losses) == len(result.val_accuracies) == 15


def test_one_epoch_of_plain_descent_by_hand() -> None:
    """Four updates; the rate falls within the epoch, and the second epoch begins half way down."""
    recipe = replace(PLAIN, optimizer="sgd", momentum=0.5, weight_decay=0.1, epochs=2)
    model, data = Watched(), bright()
    result = train(model, data, recipe, torch.Generator().manual_seed(3))
    weight, bias = torch.zeros(3, 16), torch.zeros(3)
    speed = [torch.zeros_like(weight), torch.zeros_like(bias)]
    losses = []
    for step, images in enumerate(model.trained):
        labels = (2 * (images[:, 0, :2].mean(dim=(1, 2)) - 0.1) / 0.8).round().long()
        values = [weight.requires_grad_(), bias.requires_grad_()]
        loss = F.cross_entropy(images.flatten(1) @ weight.mT + bias, labels)
        losses.append(float(loss.detach()))
        rate = 0.05 * 0.5 * (1 + np.cos(np.pi * step / 8))
        gradients = torch.autograd.grad(loss, values)
        speed = [
            0.5 * v + g + 0.1 * x.detach() for v, g, x in zip(speed, gradients, values, strict=True)
        ]
        weight, bias = (x.detach() - rate * v for x, v in zip(values, speed, strict=True))
    assert torch.allclose(model.linear.weight, weight, atol=1e-6)
    assert torch.allclose(model.linear.bias, bias, atol=1e-6)
    assert result.losses == pytest.approx([np.mean(losses[:4]), np.mean(losses[4:])])


def test_every_image_once_an_epoch_but_for_an_incomplete_batch() -> None:
    model, data = Watched(), bright(45)
    result = train(model, data, replace(PLAIN, batch=10), torch.Generator().manual_seed(0))
    assert [len(images) for images in model.trained] == [10] * 12
    assert result.steps == 12
    for epoch in range(3):
        shown = torch.cat(model.trained[4 * epoch : 4 * epoch + 4])
        assert len({bytes(image.numpy()) for image in shown}) == 40
    assert not torch.equal(model.trained[0], model.trained[4])


def test_a_batch_larger_than_the_data_is_refused() -> None:
    train(Watched(), bright(), replace(PLAIN, batch=48), torch.Generator())
    with pytest.raises(InvalidInput, match="a batch of 49 and 48 images .* set batch to 48"):
        train(Watched(), bright(), replace(PLAIN, batch=49), torch.Generator())


@pytest.mark.parametrize(("test", "evaluated"), [(False, [24] * 3), (True, [24] * 3 + [12])])
def test_test_images_are_looked_at_only_when_asked_for(test: bool, evaluated: list[int]) -> None:
    model = Watched()
    result = train(model, bright(), PLAIN, torch.Generator().manual_seed(0), test=test)
    assert model.evaluated == evaluated
    assert (result.test_accuracy is not None) == test


@pytest.mark.parametrize("recipe", [PLAIN, replace(FULL, smoothing=0.0)])
def test_changes_are_made_to_training_images_only(recipe: Recipe) -> None:
    model, data = Watched(), bright()
    train(model, data, recipe, torch.Generator().manual_seed(0))
    known = {bytes(image.numpy()) for image in data.train.images}
    unchanged = [bytes(image.numpy()) in known for batch in model.trained for image in batch]
    assert all(unchanged) if recipe is PLAIN else np.mean(unchanged) < 0.3


def test_long_gradients_are_scaled_down() -> None:
    """A first update by plain descent is as long as the rate times the limit."""
    recipe = replace(PLAIN, optimizer="sgd", momentum=0.0, weight_decay=0.0, epochs=1, batch=48)
    lengths = []
    for clip in (0.0, 0.1):
        model = Watched()
        train(model, bright(), replace(recipe, clip=clip), torch.Generator().manual_seed(0))
        moved = torch.cat([weight.detach().flatten() for weight in model.parameters()])
        lengths.append(float(moved.norm()))
    assert lengths[0] > 1.5 * lengths[1]
    assert lengths[1] == pytest.approx(0.05 * 0.1, rel=1e-4)


def test_averages_are_evaluated_and_kept() -> None:
    """After updates w1, w2, ...: half of the average so far and half of the new weights."""
    recipe = replace(PLAIN, average=0.5, epochs=2)
    seen: list[torch.Tensor] = []

    class Noting(Watched):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            if self.training:
                seen.append(self.linear.weight.detach().clone())
            return super().forward(images)

    plain, averaged = Noting(), Watched()
    train(plain, bright(), replace(recipe, average=0.0), torch.Generator().manual_seed(0))
    result = train(averaged, bright(), recipe, torch.Generator().manual_seed(0))
    after = [*seen[1:], plain.linear.weight.detach()]
    expected = after[0]
    for weight in after[1:]:
        expected = 0.5 * expected + 0.5 * weight
    assert torch.allclose(averaged.linear.weight, expected, atol=1e-6)
    assert result.val_accuracy == accuracy(averaged, bright().validation)


def test_statistics_of_normalisations_are_averaged_too() -> None:
    recipe = replace(PLAIN, average=0.9, epochs=1, batch=12)
    means = []
    for kept in (0.0, 0.9):
        model = network()
        train(model, bright(), replace(recipe, average=kept), torch.Generator().manual_seed(0))
        (mean, *_) = [value for name, value in model.named_buffers() if "running_mean" in name]
        means.append(mean)
    assert not torch.allclose(means[0], means[1], rtol=1e-2)


def test_what_is_evaluated_is_the_average() -> None:
    """With nearly all of it kept, the average stays near the first weights, which know nothing."""
    recipe = replace(PLAIN, average=0.9999, epochs=15)
    result = train(network(), bright(), recipe, torch.Generator().manual_seed(0))
    plain = train(
        network(), bright(), replace(recipe, average=0.0), torch.Generator().manual_seed(0)
    )
    assert result.losses == plain.losses
    assert result.val_accuracy < 70 < plain.val_accuracy


class Twofold(Watched):
    """Has a second classifier, for training."""

    def __init__(self) -> None:
        super().__init__()
        self.second = nn.Linear(16, 3)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, images: torch.Tensor) -> Any:
        scores = super().forward(images)
        return (scores, self.second(images.flatten(1))) if self.training else scores


@pytest.mark.parametrize("weight", [0.0, 0.4])
def test_an_auxiliary_classifier_counts_by_its_weight(weight: float) -> None:
    recipe = replace(PLAIN, auxiliary=weight, epochs=1, batch=48, optimizer="sgd", weight_decay=0)
    recipe = replace(recipe, smoothing=0.3)
    model = Twofold()
    result = train(model, bright(), recipe, torch.Generator().manual_seed(0))
    assert result.losses[0] == pytest.approx((1 + weight) * np.log(3), rel=1e-5)
    assert torch.allclose(model.second.weight, weight * model.linear.weight, atol=1e-7)


def test_what_is_cut_out_is_the_mean_of_the_training_images() -> None:
    model, data = Watched(), bright()
    train(model, data, replace(PLAIN, cutout=0.5), torch.Generator().manual_seed(0))
    blank = data.train.images.mean()
    shares = [(images - blank).abs().lt(1e-6).float().mean() for images in model.trained]
    assert 0.1 < torch.stack(shares).mean() <= 0.25


def test_labels_are_smoothed() -> None:
    found = [
        train(Watched(), bright(), recipe, torch.Generator().manual_seed(0)).losses[-1]
        for recipe in (replace(PLAIN, epochs=9), replace(PLAIN, epochs=9, smoothing=0.3))
    ]
    assert found[0] < found[1]


def test_accuracy_is_a_percentage_over_all_parts_of_the_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(evaluation, "EVALUATED", 10)
    model, data = Watched(), bright().validation
    with torch.no_grad():
        model.linear.bias[1] = 1.0
    assert accuracy(model, data) == pytest.approx(100 / 3)
    assert model.evaluated == [10, 10, 4]


def test_a_loss_that_is_no_number_is_an_error() -> None:
    model = Watched()
    with torch.no_grad():
        model.linear.weight[0, 0] = torch.inf
    with pytest.raises(TrainingDiverged, match=r"nan at update 1 of 4 in epoch 1") as caught:
        train(model, bright(), PLAIN, torch.Generator().manual_seed(0))
    assert isinstance(caught.value, EvaluationError)


def test_a_rate_that_is_far_too_high_diverges() -> None:
    recipe = replace(PLAIN, optimizer="sgd", rate=1e30, epochs=9)
    with pytest.raises(TrainingDiverged, match="try a rate below 1e"):
        train(network(), bright(), recipe, torch.Generator().manual_seed(0))


def test_paths_are_dropped_as_the_recipe_says() -> None:
    seen: list[float] = []

    class Dropping(Watched):
        drop_path = 0.5

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            seen.append(self.drop_path)
            return super().forward(images)

    recipe = replace(PLAIN, drop_path=0.3, batch=48)
    train(nn.Sequential(Dropping()), bright(), recipe, torch.Generator().manual_seed(0))
    assert seen == pytest.approx([0.0, 0.0, 0.1, 0.1, 0.2, 0.2])


def test_a_network_that_drops_paths_is_resumed_exactly(tmp_path: Path) -> None:
    recipe = replace(PLAIN, drop_path=0.5, auxiliary=0.4, epochs=4, batch=24)
    arch = DARTS().sample(1, np.random.default_rng(0))[0]

    def trained(path: Path | None, epochs: int) -> TrainingResult:
        generator = torch.Generator().manual_seed(0)
        skeleton = DARTSSkeleton(channels=2, layers=3, auxiliary=True)
        model = skeleton.build(arch, (1, 4, 4), 3, generator)

        def stop(epoch: int, loss: float, found: float) -> None:
            if epoch == epochs:
                raise Killed

        return train(model, bright(), recipe, generator, checkpoint=path, after_epoch=stop)

    expected = trained(None, 0)
    with pytest.raises(Killed):
        trained(tmp_path / "training.pt", 2)
    assert outcome(trained(tmp_path / "training.pt", 0)) == outcome(expected)


def weights_of(model: nn.Module) -> list[torch.Tensor]:
    return [value.detach().clone() for value in model.state_dict().values()]


class Killed(Exception):
    pass


@pytest.mark.parametrize("average", [0.0, 0.9])
@pytest.mark.parametrize("last", [1, 2, 4])
def test_killed_and_resumed_equals_unbroken(average: float, last: int, tmp_path: Path) -> None:
    recipe = replace(FULL, average=average, epochs=5, optimizer="sgd", cutout=0.5)

    def die(epoch: int, loss: float, found: float) -> None:
        if epoch == last:
            raise Killed

    whole = network()
    expected = train(whole, bright(), recipe, torch.Generator().manual_seed(1), test=True)
    path = tmp_path / "training.pt"
    with pytest.raises(Killed):
        train(
            network(),
            bright(),
            recipe,
            torch.Generator().manual_seed(1),
            checkpoint=path,
            after_epoch=die,
        )
    again, told = network(seed=7), list[int]()  # other weights, which must not matter
    result = train(
        again,
        bright(),
        recipe,
        torch.Generator().manual_seed(8),
        test=True,
        checkpoint=path,
        after_epoch=lambda epoch, loss, found: told.append(epoch),
    )
    assert outcome(result) == outcome(expected)
    assert all(map(torch.equal, weights_of(again), weights_of(whole)))
    assert told == list(range(last + 1, 6))


def test_one_image_is_too_few() -> None:
    one = replace(bright(), train=bright().train[np.array([0])])
    with pytest.raises(InvalidInput, match="one training image"):
        train(network(), one, PLAIN, torch.Generator().manual_seed(0))


def test_checkpoints_of_others_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "training.pt"
    generator = torch.Generator().manual_seed(0)
    train(network(), bright(), PLAIN, generator, checkpoint=tmp_path / "other.pt", identity="a")
    with pytest.raises(CheckpointError, match="got b, and there it is a"):
        train(network(), bright(), PLAIN, generator, checkpoint=tmp_path / "other.pt", identity="b")
    train(network(), bright(), PLAIN, generator, checkpoint=path)
    with pytest.raises(CheckpointError, match="another recipe"):
        train(network(), bright(), FULL, generator, checkpoint=path)
    with pytest.raises(CheckpointError, match="another network"):
        train(Watched(), bright(), PLAIN, generator, checkpoint=path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CheckpointError, match="cannot be read"):
        train(network(), bright(), PLAIN, generator, checkpoint=path)
    torch.save({"kind": "other"}, path)
    with pytest.raises(CheckpointError, match="holds no training"):
        train(network(), bright(), PLAIN, generator, checkpoint=path)


def test_of_long_texts_the_difference_is_shown(tmp_path: Path) -> None:
    path, long = tmp_path / "training.pt", "same " * 300
    generator = torch.Generator().manual_seed(0)
    train(network(), bright(), PLAIN, generator, checkpoint=path, identity=f"{long}old {long}")
    with pytest.raises(CheckpointError, match=r"same new same.*same old same") as caught:
        train(network(), bright(), PLAIN, generator, checkpoint=path, identity=f"{long}new {long}")
    assert len(str(caught.value)) - len(str(path)) < 300


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        train(
            network(),
            bright(),
            PLAIN,
            torch.Generator().manual_seed(0),
            checkpoint=tmp_path / "file" / "training.pt",
        )


def test_threads_are_fixed_for_the_training_only() -> None:
    model, before = Watched(), torch.get_num_threads()
    how = Execution(threads=2)
    train(model, bright(), PLAIN, torch.Generator().manual_seed(0), execution=how)
    assert model.threads == {2}
    assert torch.get_num_threads() == before


def test_seconds_are_those_of_the_median_update_after_warming_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    durations = [50.0, 40.0, 30.0, 2.0, 3.0, 2.0, 9.0, 2.0, 3.0, 2.0, 2.0, 2.0]
    ticks = [tick for start, took in enumerate(durations) for tick in (start, start + took)]
    clock = iter(ticks)

    monkeypatch.setattr("time.process_time", lambda: next(clock))
    result = train(Watched(), bright(), PLAIN, torch.Generator().manual_seed(0))
    assert (result.step_seconds, result.steps) == (2.0, 12)
    assert result.train_seconds == 24.0


@pytest.mark.parametrize(("patience", "epochs"), [(0, 6), (1, 3), (2, 4), (3, 6)])
def test_patience_ends_a_training(
    patience: int, epochs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so many epochs that were no better than the best before them."""
    script = iter([10.0, 30.0, 30.0, 25.0, 40.0, 50.0])
    monkeypatch.setattr("agnet.benchmarks.training.loop.accuracies", lambda *_: [next(script)])
    recipe = replace(PLAIN, epochs=6, patience=patience)
    result = train(network(), bright(), recipe, torch.Generator().manual_seed(0))
    assert len(result.val_accuracies) == epochs
