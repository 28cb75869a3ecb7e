"""Curves of a training, for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, final

from agnet.extras import needs

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

__all__ = ["TensorBoard"]


@final
class TensorBoard:
    """Told of each epoch of a training, writes it down for TensorBoard, which can be looking on."""

    def __init__(self, folder: Path) -> None:
        """Takes the folder of one training; a training that is gone on with adds to it.

        Raises:
            MissingExtra: If TensorBoard is not installed.
        """
        self.check()
        from torch.utils.tensorboard import SummaryWriter

        self._writer: SummaryWriter = SummaryWriter(str(folder))

    @staticmethod
    def check() -> None:
        """Checks that it can be written for.

        Raises:
            MissingExtra: If TensorBoard is not installed.
        """
        with needs("tensorboard", "writing for TensorBoard"):
            import tensorboard  # noqa: F401  # torch's writer needs it

    def __call__(self, epoch: int, loss: float, accuracy: float) -> None:
        """Takes the number of an epoch, from 1, its loss and the validation accuracy after it."""
        self._writer.add_scalar("loss", loss, epoch)
        self._writer.add_scalar("val_accuracy", accuracy, epoch)
        self._writer.flush()

    def __enter__(self) -> TensorBoard:
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.close()
