from __future__ import annotations

import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

from agnet.benchmarks.importers._pth import read_pth
from agnet.errors import StorageError, TableError


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("content", [{"a": [1, 2.5, "text"]}, {"a": torch.arange(3)}], ids=str)
def test_values_and_tensors_are_read(tmp_path: Path, content: Any, zipped: bool) -> None:
    torch.save(content, tmp_path / "x.pth", _use_new_zipfile_serialization=zipped)
    assert str(read_pth(tmp_path / "x.pth")) == str(content)


@pytest.mark.parametrize("protocol", [2, 4])
def test_nothing_is_said_of_a_foreign_pickle_but_that_it_is_none(
    protocol: int, tmp_path: Path
) -> None:
    """Torch's reader warns, and says how to run the code in it."""
    source = tmp_path / "x.pth"
    source.write_bytes(pickle.dumps({"call": os.system}, protocol=protocol))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(TableError, match=r"x\.pth is truncated or holds more") as refused:
            read_pth(source)
    assert not warned
    assert "weights_only" not in str(refused.value)


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot read .*x\.pth"):
        read_pth(tmp_path / "x.pth")
