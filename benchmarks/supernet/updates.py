"""The updates of a super-network: networks are drawn, run and learnt from, one after another."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, replace
from typing import Any, final

import torch
import torch.nn.functional as F
from torch import nn

from agnet.benchmarks.networks.elastic import PlainNetwork
from agnet.benchmarks.supernet.decay import decayed
from agnet.benchmarks.supernet.extraction import cut_out
from agnet.benchmarks.supernet.network import SuperNetwork
from agnet.benchmarks.supernet.normalising import without_buffers
from agnet.benchmarks.supernet.phases import Phase
from agnet.benchmarks.supernet.sorting import sort_channels
from agnet.benchmarks.supernet.teaching import Teaching, joint_loss, soft_labels
from agnet.benchmarks.training import Execution, Group, ImageData, Recipe
from agnet.benchmarks.training.augmentation import changed
from agnet.benchmarks.training.batches import whole_batches
from agnet.benchmarks.training.epochs import check_finite
from agnet.benchmarks.training.state import TrainingState
from agnet.errors import InvalidInput
from agnet.seeds import stream
from agnet.spaces import Architecture
from agnet.spaces.elastic import Options

__all__ = ["Updates"]


@final
class _Asked(nn.Module):
    """A super-network asked as one network, at all of its exits or its own, by batch statistics."""

    def __init__(self, net: SuperNetwork, arch: Architecture, everywhere: bool) -> None:
        super().__init__()
        self._net, self._arch, self._everywhere = net, arch, everywhere

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        if self._everywhere:
            return self._net.exits(images, self._arch)
        return (self._net(images, self._arch),)


@final
class Updates:
    """The updates of a super-network, and what does not change from one to another."""

    def __init__(
        self,
        net: SuperNetwork,
        data: ImageData,
        recipe: Recipe,
        phases: tuple[Phase, ...],
        teaching: Teaching,
        how: Execution,
        seed: int,
        teacher: PlainNetwork | None = None,
    ) -> None:
        """Takes what is trained, on what, and how; see :func:`train_supernet`."""
        self._net, self._data, self._recipe, self._phases = net, data, recipe, phases
        self._teaching, self._how, self._seed = teaching, how, seed
        # Teacher and pupils are kept together, so that a checkpoint has both.
        self._model = nn.ModuleDict({"net": net})
        if any(phase.teacher != "none" for phase in phases):
            self._model["teacher"] = _frozen(deepcopy(teacher) if teacher else self._cut_out())
        how.placed(self._model)

    @property
    def _largest(self) -> Architecture:
        return Options.every(self._net.config).largest(self._net.space)

    def _cut_out(self) -> PlainNetwork:
        return cut_out(self._net, self._largest, self._net.config.exits)

    def state(self, identity: str) -> TrainingState:
        """Starts before the first epoch."""
        generator = torch.Generator()
        generator.manual_seed(int(stream(self._seed, "supernet-images").integers(2**63)))
        known = {
            "phases": [asdict(phase) for phase in self._phases],
            "teaching": asdict(self._teaching),
            "space": asdict(self._net.config),
            "seed": self._seed,
            "weight_decay": self._recipe.weight_decay,
        }
        recipe = replace(self._recipe, weight_decay=0.0)  # which is done here, not by torch
        return TrainingState(self._model, recipe, generator, f"{known} {identity}".strip())

    def of_epoch(self, state: TrainingState, epoch: int) -> Iterator[tuple[float, float]]:
        """Makes the updates of one epoch, and yields the loss and the CPU seconds of each."""
        phase, within = self._place(epoch)
        if within == 0:
            self.begin(phase, state)
        given = self._data.train
        batch = self._recipe.batch
        steps, own = whole_batches(len(given), self._recipe), Group.here().part(batch)
        epochs = phase.of or phase.epochs
        recipe = replace(self._recipe, epochs=epochs, rate=phase.rate, warmup=phase.warmup)
        order = torch.randperm(len(given), generator=state.generator)
        for step in range(steps):
            before = time.process_time()
            rows = order[step * batch : (step + 1) * batch]
            images = changed(given.images[rows], recipe, self._data, state.generator)
            rate = recipe.rate * recipe.share_of_rate(phase.done + within + step / steps)
            state.set_rate(rate)
            rng = stream(self._seed, "supernet-networks", epoch * steps + step)
            archs = phase.networks(self._net.space, rng)
            value = self._update(state, phase, archs, images[own], given.labels[rows[own]], rate)
            where = f"update {step + 1} of {steps} in epoch {within + 1} of the phase {phase.name}"
            check_finite(value, where, phase.rate)
            yield value, time.process_time() - before

    def _place(self, epoch: int) -> tuple[Phase, int]:
        """Returns the phase of an epoch, and which of its epochs it is, from 0."""
        for phase in self._phases:
            if epoch < phase.epochs:
                return phase, epoch
            epoch -= phase.epochs
        raise InvalidInput(f"got the epoch {epoch} after the last; expected an earlier one")

    def begin(self, phase: Phase, state: TrainingState) -> None:
        """Forgets the momentum of another phase, sorts channels and cuts out a teacher."""
        state.optimizer.state.clear()
        if phase.sort:
            sort_channels(self._net, phase.trained)
        if phase.teacher == "new":
            self._model["teacher"].load_state_dict(_frozen(self._cut_out()).state_dict())

    def _update(
        self,
        state: TrainingState,
        phase: Phase,
        archs: Sequence[Architecture],
        images: torch.Tensor,
        labels: torch.Tensor,
        rate: float,
    ) -> float:
        state.optimizer.zero_grad()
        loss = self.accumulate(phase, archs, images, labels)
        Group.here().average_gradients(self._net)
        self.apply(state, phase, archs, rate)
        return Group.here().mean(loss)

    def apply(
        self, state: TrainingState, phase: Phase, archs: Sequence[Architecture], rate: float
    ) -> None:
        """Changes the weights by the gradients that there are; see :meth:`accumulate`."""
        recipe = self._recipe
        if recipe.clip:
            nn.utils.clip_grad_norm_(self._net.parameters(), recipe.clip)
        everywhere = phase.rule == "largest"
        plans = [
            (self._net.space.plan(arch), everywhere or (phase.rule == "sandwich" and at == 0))
            for at, arch in enumerate(archs)
        ]
        if recipe.weight_decay:
            coupled = recipe.optimizer == "sgd"
            amount = recipe.weight_decay * (1.0 if coupled else rate)
            decayed(self._net, plans, amount, gradients=coupled)
        state.optimizer.step()

    def accumulate(
        self,
        phase: Phase,
        archs: Sequence[Architecture],
        images: torch.Tensor,
        labels: torch.Tensor,
    ) -> torch.Tensor:
        """Adds up the gradients of the networks of an update, and returns their mean loss."""
        there, labels = images.to(self._how.device), labels.to(self._how.device)
        soft = self._taught(there) if phase.teacher != "none" else None
        total = torch.zeros((), device=self._how.device)
        for at, arch in enumerate(archs):
            leads = phase.rule == "largest" or (phase.rule == "sandwich" and at == 0)
            scores = self._how.run(_Asked(self._net, arch, leads), there)
            loss = self._loss(phase, scores, labels, None if leads else soft) / len(archs)
            loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
            total += loss.detach()
            if phase.rule == "sandwich" and at == 0:
                soft = soft_labels(scores, self._teaching.exits)
        return total

    def _loss(
        self,
        phase: Phase,
        scores: Sequence[torch.Tensor],
        labels: torch.Tensor,
        soft: torch.Tensor | None,
    ) -> torch.Tensor:
        """By soft labels alone in a sandwich, else by labels, and by soft ones if there are any."""
        if soft is not None and phase.rule == "sandwich":
            return F.cross_entropy(scores[-1], soft)
        loss = joint_loss(scores, labels, self._teaching.exits, self._recipe.smoothing)
        if soft is not None:
            loss = loss + self._teaching.distillation * F.cross_entropy(scores[-1], soft)
        return loss

    @torch.no_grad()
    def _taught(self, images: torch.Tensor) -> torch.Tensor:
        """What the frozen teacher says, by all of its exits, at its own resolution."""
        made: Any = self._how.run(self._model["teacher"], images)
        return soft_labels(made if isinstance(made, tuple) else (made,), self._teaching.exits)


def _frozen(network: PlainNetwork) -> PlainNetwork:
    """Makes a network a teacher, whose norms go by the batch.

    It is asked of images that were changed, as its pupils are. Moments calibrated on images as they
    are would make it a worse one.
    """
    without_buffers(network)
    return network.requires_grad_(False).eval()
