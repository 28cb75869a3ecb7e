from __future__ import annotations

import pytest
import torch

from agnet.benchmarks.training.augmentation import cut_out, mirrored, translated


def numbered(count: int, height: int, width: int) -> torch.Tensor:
    """Equal images of two channels, whose pixels all differ and are not black."""
    image = torch.arange(1.0, 2 * height * width + 1).view(1, 2, height, width)
    return image.repeat(count, 1, 1, 1)


def shifted(image: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """The oracle: pixel by pixel."""
    made = torch.zeros_like(image)
    _, height, width = image.shape
    for row in range(height):
        for column in range(width):
            if 0 <= row + down < height and 0 <= column + right < width:
                made[:, row, column] = image[:, row + down, column + right]
    return made


def test_about_half_of_the_images_are_mirrored() -> None:
    images = numbered(400, 3, 4)
    made = mirrored(images, torch.Generator().manual_seed(0))
    changed = (made != images).flatten(1).any(1)
    assert torch.equal(made[~changed], images[~changed])
    assert torch.equal(made[changed], images[changed].flip(3))
    assert 160 < int(changed.sum()) < 240


def test_shifts_are_whole_pixels_up_to_the_share_of_each_side() -> None:
    images = numbered(300, 4, 9)
    made = translated(images, 0.25, torch.Generator().manual_seed(0))
    possible = {(d, r): shifted(images[0], d, r) for d in (-1, 0, 1) for r in range(-2, 3)}
    found = []
    for image in made:
        (shift,) = [at for at, expected in possible.items() if torch.equal(image, expected)]
        found.append(shift)
    assert set(found) == set(possible)
    assert max(found.count(shift) for shift in possible) < 45


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_too_short_a_shift_changes_nothing(share: float) -> None:
    images = numbered(5, 4, 4)
    assert torch.equal(translated(images, share, torch.Generator().manual_seed(0)), images)


def test_a_rectangle_is_blanked_around_every_pixel_alike() -> None:
    """Of 6x4 pixels, half of each side: 3 rows and 2 columns, less at the edges."""
    images, blank = numbered(600, 6, 4), torch.tensor([-1.0, -2.0])
    made = cut_out(images, 0.5, blank, torch.Generator().manual_seed(0))
    possible = {}
    for row in range(6):
        for column in range(4):
            image = images[0].clone()
            rows = slice(max(row - 1, 0), row + 2)
            columns = slice(max(column - 1, 0), column + 1)
            image[:, rows, columns] = blank.view(2, 1, 1)
            possible[row, column] = image
    found = []
    for image in made:
        (middle,) = [at for at, expected in possible.items() if torch.equal(image, expected)]
        found.append(middle)
    assert set(found) == set(possible)
    assert max(found.count(middle) for middle in possible) < 50
