"""Reads foreign pickles that hold data only: nothing in them can make code run."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, BinaryIO, Final, final

import numpy as np
import numpy.typing as npt

from agnet.errors import TableError

__all__ = ["DAMAGE", "NotPlain", "read_pickle"]

# What a damaged or foreign stream makes the unpickler raise.
DAMAGE: Final = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    OSError,
    TypeError,
    ValueError,
)


class NotPlain(TableError):
    """A pickle that asks for more than plain values."""


def read_pickle(file: BinaryIO, name: str, encoding: str = "ASCII") -> Any:
    """Reads one pickle of plain values.

    Containers, numbers, texts and bytes are read as they are, numpy numbers as Python numbers, and
    numpy arrays as objects that ``numpy.asarray`` takes.

    Args:
        file: The stream.
        name: What to call it in messages.
        encoding: How to read the texts of Python 2; ``bytes`` leaves them as they are.

    Raises:
        NotPlain: If it asks for anything but plain values.
        TableError: If it is truncated or is no pickle.
    """
    try:
        return _PlainUnpickler(file, encoding=encoding).load()
    except _Refusal as error:
        raise NotPlain(f"{name} holds more than plain values: {error}") from error
    except DAMAGE as error:
        raise TableError(
            f"{name} is truncated or is no pickle ({error}); download the official file again"
        ) from error


class _Refusal(pickle.UnpicklingError):
    """What the unpickler raises when it is asked for something that is not plain."""


@final
class _Dtype:
    """Stands in for ``numpy.dtype``, whose own state setter trusts its input."""

    def __init__(self, code: str | bytes, align: object = False, copy: object = True) -> None:
        self.real = _simple(_text(code))

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.real = _simple(self.real.str[1:], order=_text(state[1]))


@final
class _Array:
    """Stands in for ``numpy.ndarray``, for the same reason."""

    values: npt.NDArray[Any]

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, by_column, raw = state
        self.values = np.frombuffer(raw, dtype.real).reshape(shape, order="F" if by_column else "C")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return self.values.astype(dtype) if dtype is not None else self.values.copy()


def _text(value: str | bytes) -> str:
    """A text of Python 2 can be one of bytes."""
    return value.decode("ascii") if isinstance(value, bytes) else value


def _simple(code: str, order: str = "=") -> np.dtype[Any]:
    """Returns a type of numbers or text."""
    dtype = np.dtype(code)
    if dtype.kind not in "biufUS":
        raise _Refusal(f"the numpy type {code!r} is not allowed")
    if order not in ("<", ">"):
        return dtype
    ordered: np.dtype[Any] = dtype.newbyteorder("<" if order == "<" else ">")
    return ordered


def _scalar(dtype: _Dtype, raw: bytes) -> Any:
    return np.frombuffer(raw, dtype.real, count=1)[0].item()


def _reconstruct(subtype: object, shape: object, code: object) -> _Array:
    return _Array()


def _from_buffer(raw: bytes, dtype: _Dtype, shape: Any, order: str) -> _Array:
    array = _Array()
    array.__setstate__((1, shape, dtype, order == "F", raw))
    return array


def _no_bytes() -> bytes:
    """How protocol 2 writes no bytes."""
    return b""


def _latin_bytes(text: str, encoding: str) -> bytes:
    """How it writes some."""
    if encoding != "latin1":
        raise _Refusal(f"the encoding {encoding!r} is not allowed")
    return text.encode("latin1")


TYPES: Final[dict[tuple[str, str], type]] = {
    ("builtins", "frozenset"): frozenset,
    ("builtins", "set"): set,
    ("collections", "OrderedDict"): OrderedDict,
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Array,
}
FUNCTIONS: Final[dict[tuple[str, str], Callable[..., Any]]] = {
    ("_codecs", "encode"): _latin_bytes,
    ("builtins", "bytes"): _no_bytes,
    **{
        (f"numpy.{core}.{module}", name): function
        for core in ("core", "_core")  # numpy 1 and 2
        for module, name, function in (
            ("multiarray", "scalar", _scalar),
            ("multiarray", "_reconstruct", _reconstruct),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
}


@final
class _PlainUnpickler(pickle.Unpickler):
    """An unpickler to which nothing is known but what is listed above."""

    def find_class(self, module: str, name: str) -> Any:
        """Returns a listed type or function; refuses everything else."""
        module = {"__builtin__": "builtins"}.get(module, module)
        if (module, name) in TYPES:
            return TYPES[module, name]
        if (module, name) in FUNCTIONS:
            function = FUNCTIONS[module, name]
            # A pickle can set attributes of what it is given: let that be something of its own.
            return lambda *arguments: function(*arguments)
        raise _Refusal(f"{module}.{name} is not allowed in a file of data")

    def persistent_load(self, pid: Any) -> Any:
        """Refuses objects that are kept outside the pickle, such as tensors."""
        raise _Refusal("objects outside the pickle are not allowed")
