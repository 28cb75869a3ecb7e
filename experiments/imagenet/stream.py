"""The files of ImageNet as a training needs them: decoded and changed by processes of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, final

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from agnet.benchmarks.training import Batch, Batches, Group, Part, Recipe
from agnet.errors import InvalidInput, MissingData, TableError
from agnet.extras import needs
from agnet.seeds import stream

__all__ = ["ImageStream"]

RESIZED: Final = 256 / 224  # the side that images are scaled to, of which the middle is judged
EVALUATED: Final = 128  # images at a time
JITTER: Final = {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.2}
# What pillow raises of files that are truncated, of another kind, or far too large.
DAMAGE: Final = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
MEAN: Final = (0.485, 0.456, 0.406)
DEVIATION: Final = (0.229, 0.224, 0.225)

Key = tuple[int, int]
"""The number of an epoch and that of an image."""


@final
class ImageStream(Batches):
    """Images of ``folder/train/CLASS/`` to train on and of ``folder/val/CLASS/`` to judge by.

    Training images are cropped at random (Szegedy et al., "Going Deeper with Convolutions", CVPR
    2015), mirrored and changed in colour; the others are scaled, and their middle is taken. All
    that is random of an image follows from the seed, the epoch and the number of the image, however
    many processes load it. Batches are of bytes.
    """

    def __init__(self, folder: Path, side: int = 224, *, workers: int = 0, seed: int = 0) -> None:
        """Lists the files.

        Args:
            folder: As ImageNet is laid out.
            side: Of the images, in pixels.
            workers: Processes that decode and change images; 0 does it in this one.
            seed: Of the order of images and their changes.

        Raises:
            MissingData: If ``train`` or ``val`` is not there.
            InvalidInput: If they hold other classes, a class without images, or the side or the
                number of workers is impossible.
            MissingExtra: If torchvision is not installed.
        """
        if side < 1 or workers < 0:
            raise InvalidInput(f"got a side of {side} and {workers} workers; expected 1 and 0")
        self._train, self._val = (_listed(folder / part) for part in ("train", "val"))
        if self._train.classes != self._val.classes:
            raise InvalidInput(f"got other classes in {folder}/val than in {folder}/train")
        self._side, self._workers, self._seed = side, workers, seed
        self._name = folder.name

    @property
    def name(self) -> str:
        """What tells its images from others: their names, numbers and size."""
        files = [path for part in (self._train, self._val) for path, _ in part.samples]
        names = "\n".join("/".join(Path(path).parts[-3:]) for path in files)
        digest = hashlib.sha256(names.encode()).hexdigest()[:16]
        return f"{self._name} {self._side}px {digest}"

    @property
    def side(self) -> int:
        """Of the images, in pixels."""
        return self._side

    @property
    def num_classes(self) -> int:
        """How many folders there are."""
        return len(self._train.classes)

    @property
    def counts(self) -> tuple[int, int]:
        """How many images there are to train on and to judge by."""
        return len(self._train.samples), len(self._val.samples)

    def steps(self, recipe: Recipe) -> int:
        """As many as there are whole batches."""
        if recipe.translation or recipe.cutout:
            raise InvalidInput(
                f"got translation = {recipe.translation} and cutout = {recipe.cutout}; image files "
                "are cropped at random instead: set both to 0"
            )
        if len(self._train.samples) < recipe.batch:
            raise InvalidInput(
                f"got a batch of {recipe.batch}; expected at most {len(self._train.samples)}, as "
                "many as there are training images"
            )
        return len(self._train.samples) // recipe.batch

    def training(self, epoch: int, recipe: Recipe, generator: torch.Generator) -> Iterator[Batch]:
        """Yields each image once, but for those of an incomplete batch; draws nothing."""
        own, size = Group.here().part(recipe.batch), recipe.batch
        order = stream(self._seed, "order", epoch).permutation(len(self._train.samples)).tolist()
        keys = [
            [(epoch, at) for at in order[step * size : (step + 1) * size][own]]
            for step in range(self.steps(recipe))
        ]
        images = _Images(self._train.samples, _changed(self._side, recipe.flip), self._seed)
        return self._loaded(images, keys)

    def held_out(self, part: Part) -> Iterator[Batch]:
        """Yields the images of ``val``, which serve both parts, as is the custom."""
        count = len(self._val.samples)
        starts = Group.here().dealt(range(0, count, EVALUATED))
        keys = [[(0, at) for at in range(count)[start : start + EVALUATED]] for start in starts]
        return self._loaded(_Images(self._val.samples, _centre(self._side), self._seed), keys)

    def _loaded(self, images: _Images, keys: Iterable[list[Key]]) -> Iterator[Batch]:
        loader: DataLoader[Any] = DataLoader(
            images,
            batch_sampler=keys,
            num_workers=self._workers,
            pin_memory=torch.cuda.is_available(),
            generator=torch.Generator(),  # else it draws from torch's own
        )
        return iter(loader)


@final
class _Images(Dataset[tuple[torch.Tensor, int]]):
    """Image files, decoded and changed."""

    def __init__(
        self, samples: list[tuple[str, int]], change: Callable[[Any], torch.Tensor], seed: int
    ) -> None:
        self._samples, self._change, self._seed = samples, change, seed

    def __getitem__(self, key: Key) -> tuple[torch.Tensor, int]:
        epoch, at = key
        path, label = self._samples[at]
        try:
            with Image.open(path) as file:
                image = file.convert("RGB")
        except DAMAGE as error:
            raise TableError(f"{path} cannot be read as an image: {error}") from error
        drawn = stream(self._seed, "changes", epoch * len(self._samples) + at).integers(2**63)
        # Torchvision draws from torch's own generator alone, which is put back as it was.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(drawn))
            return self._change(image), label


def _listed(folder: Path) -> Any:
    with needs("imagenet", "training on image files"):
        from torchvision.datasets import ImageFolder
    if not folder.is_dir():
        raise MissingData(f"there is no folder {folder}; expected one with a folder a class")
    try:
        return ImageFolder(str(folder))
    except FileNotFoundError as error:
        raise InvalidInput(f"{folder} holds no image of some class: {error}") from error


def _changed(side: int, flip: bool) -> Any:
    with needs("imagenet", "training on image files"):
        from torchvision.transforms import v2
    return v2.Compose(
        [
            v2.RandomResizedCrop(side),
            v2.RandomHorizontalFlip(0.5 if flip else 0.0),
            v2.ColorJitter(**JITTER),
            v2.PILToTensor(),
        ]
    )


def _centre(side: int) -> Any:
    with needs("imagenet", "training on image files"):
        from torchvision.transforms import v2
    return v2.Compose([v2.Resize(round(RESIZED * side)), v2.CenterCrop(side), v2.PILToTensor()])
