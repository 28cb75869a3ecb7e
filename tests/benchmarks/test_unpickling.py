from __future__ import annotations

import copyreg
import io
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agnet.benchmarks import unpickling
from agnet.benchmarks.unpickling import NotPlain, read_pickle
from agnet.errors import TableError

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=8,
)


def read(data: bytes) -> Any:
    return read_pickle(io.BytesIO(data), "the file")


@settings(max_examples=50)
@given(PLAIN, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_values_round_trip(value: object, protocol: int) -> None:
    assert read(pickle.dumps(value, protocol=protocol)) == value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_containers_and_numpy_values(protocol: int) -> None:
    value = {
        "ordered": OrderedDict(a=1),
        "set": {1, 2},
        "number": np.float64(0.25),
        "small": np.int16(-3),
        "text": np.str_("cell"),
        "array": np.arange(6.0).reshape(2, 3),
        "columns": np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)),
        "words": np.array(["a", "bc"]),
    }
    found = read(pickle.dumps(value, protocol=protocol))
    for name in ("ordered", "set", "number", "small", "text"):
        assert found[name] == value[name]
    for name in ("array", "columns", "words"):
        assert np.array_equal(np.asarray(found[name]), value[name])
    assert np.asarray(found["array"], dtype=np.float32).dtype == np.float32


class Reduced:
    def __init__(self, *reduced: Any) -> None:
        self.reduced = reduced

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


@pytest.mark.parametrize(
    "hostile",
    [
        Reduced(print, ("it ran",)),
        Reduced(eval, ("print('it ran')",)),
        Reduced(getattr, (1, "real")),
        Reduced(np.load, ("x",)),
        Reduced(copyreg._reconstructor, (object, object, None)),  # type: ignore[attr-defined]
        np.array([object()], dtype=object),
        np.dtype([("a", "f8"), ("b", "O")]),
        np.zeros(2, dtype="O,f8"),
        np.datetime64("2020-01-01"),
        Reduced(np.dtype, ("O",)),
        ValueError("an exception is no data"),
    ],
)
def test_anything_else_is_refused(hostile: object, capsys: pytest.CaptureFixture[str]) -> None:
    for protocol in (0, 2, 4, 5):
        with pytest.raises(NotPlain, match="the file holds more than plain values: .* not allowed"):
            read(pickle.dumps([hostile], protocol=protocol))
    assert not capsys.readouterr().out


def test_file_cannot_change_the_reader() -> None:
    """A pickle may set attributes of what it is given, but that is never something of ours."""
    change = b"(N}(X\x0c\x00\x00\x00__defaults__(K\x01tust0"
    for where in (b"numpy._core.multiarray\nscalar\n", b"collections\nOrderedDict\n"):
        before = unpickling._scalar.__defaults__, vars(OrderedDict).get("__defaults__")
        try:
            read(b"c" + where + change + b".")
        except TableError:
            continue
        finally:
            after = unpickling._scalar.__defaults__, vars(OrderedDict).get("__defaults__")
            assert before == after


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_wild_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read(data)
    except TableError as error:
        assert "the file" in str(error)


@settings(max_examples=50)
@given(st.data())
def test_every_truncation_is_refused(data: st.DataObject) -> None:
    whole = pickle.dumps({"a": [1.5, "x"], "b": np.float64(2)})
    size = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(TableError, match="truncated"):
        read(whole[:size])


def of_python_2(dtype: bytes, order: bytes, raw: bytes) -> bytes:
    """A dictionary with an array of two numbers, its texts written as Python 2 wrote them."""

    def text(value: bytes) -> bytes:
        return b"T" + len(value).to_bytes(4, "little") + value

    made = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
    )
    kind = b"cnumpy\ndtype\n" + text(dtype) + b"K\x00K\x01\x87R"
    kind += b"(K\x03" + text(order) + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    return (
        b"\x80\x02}"
        + text(b"data")
        + made
        + b"(K\x01K\x02\x85"
        + kind
        + b"\x89"
        + text(raw)
        + b"tbs."
    )


@pytest.mark.parametrize(
    ("dtype", "order", "raw", "expected"),
    [(b"u1", b"|", b"\x07\xff", [7, 255]), (b"u2", b">", b"\x01\x00\x00\x02", [256, 2])],
)
def test_texts_of_python_2_can_be_left_as_they_are(
    dtype: bytes, order: bytes, raw: bytes, expected: list[int]
) -> None:
    file = of_python_2(dtype, order, raw)
    found = read_pickle(io.BytesIO(file), "the file", encoding="bytes")
    assert list(found) == [b"data"]
    assert np.asarray(found[b"data"]).tolist() == expected
    with pytest.raises(TableError):
        read(file)
