"""Dictionaries of vectors in pickles, read without running any code that a pickle can hold."""

from __future__ import annotations

import io
import math
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psqe.errors import DataError
from psqe.files import open_file

NUMBER = re.compile(r"[fiu](2|4|8)|[iu]1|b1")
"""The types of numbers that are read, as numpy writes them."""

LARGEST = 1 << 34
"""Largest length of an array, far above that of any file."""

DEEPEST = 16
"""Deepest nesting of dictionaries, lists and tuples; vectors are in the second level."""

MOST_NUMBERS, MOST_IN_LIST = 1 << 31, 1 << 24
"""Largest number of numbers that a pickle may stand for, and one list or tuple of it. A few bytes can stand
for more than fit into any memory, as lists can hold the same list many times."""


class _Type:
    """A substitute for ``numpy.dtype``."""

    def __init__(self, code: object, *_: object) -> None:
        if not isinstance(code, str) or not NUMBER.fullmatch(code):
            raise pickle.UnpicklingError(f"it holds values of type {code!r:.40}, which are no numbers")
        self.numpy = np.dtype(code)

    def __setstate__(self, state: object) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else None
        if order not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError(f"it holds numbers of byte order {order!r:.40}")
        self.numpy = self.numpy.newbyteorder(order)


class _Array:
    """A substitute for an array whose content follows later in the pickle."""

    numpy: NDArray[Any] | None = None

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise pickle.UnpicklingError("an array in it has no content")
        _, shape, kind, fortran, content = state
        if isinstance(content, str):  # written by Python 2
            content = content.encode("latin1")
        self.numpy = _array(content, kind, shape, "F" if fortran else "C")


def _array(content: object, kind: object, shape: object, order: object) -> NDArray[Any]:
    """Return a new array of some bytes, after a check that their number fits its shape."""
    if not isinstance(content, bytes | bytearray) or not isinstance(kind, _Type) or order not in ("C", "F"):
        raise pickle.UnpicklingError("an array in it is not made of numbers")
    lengths = shape if isinstance(shape, tuple) else (shape,)
    if not all(type(n) is int and 0 <= n <= LARGEST for n in lengths) or len(lengths) > 32:
        raise pickle.UnpicklingError(f"an array in it has the shape {shape!r:.40}")
    n = math.prod(lengths)
    if n * kind.numpy.itemsize != len(content):
        raise pickle.UnpicklingError(f"an array in it has {len(content)} bytes for {n} numbers")
    flat = np.frombuffer(bytes(content), dtype=kind.numpy)
    return flat.reshape(lengths, order="F" if order == "F" else "C")


def _scalar(kind: object, content: object) -> Any:
    """Return a single number, as ``numpy.core.multiarray.scalar`` does."""
    if isinstance(content, str):
        content = content.encode("latin1")
    return _array(content, kind, (1,), "C")[0]


def _encoded(text: object, encoding: object = "latin1") -> bytes:
    """Return the bytes that protocols before 3 write as text."""
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError(f"it encodes by {encoding!r:.40}")
    return text.encode("latin1")


_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")
ADMITTED: Mapping[tuple[str, str], Any] = {
    **{(module, "_reconstruct"): lambda *_: _Array() for module in _MULTIARRAY},
    **{(module, "scalar"): _scalar for module in _MULTIARRAY},
    **{(module, "_frombuffer"): _array for module in _NUMERIC},
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _encoded,
}
"""The functions that a pickle may call, and the substitutes that are called instead. Numpy's own functions
trust their arguments, so that a damaged file can crash them and the interpreter."""


class _Restricted(pickle._Unpickler):
    """An unpickler of plain containers, numbers, strings and numpy arrays; it calls nothing else.

    It is the unpickler written in Python, since the one in C can crash on a damaged file (Python 3.11).
    """

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"it wants {module}.{name}, which no array needs")
        return ADMITTED[module, name]


def load_restricted(content: bytes) -> Any:
    """Load a pickle of arrays of numbers in dictionaries, lists and tuples.

    Parameters
    ----------
    content
        The bytes of the pickle.

    Returns
    -------
    Any
        The object that was pickled.

    Raises
    ------
    pickle.UnpicklingError
        If it is no pickle, is damaged, or names any function but those that numpy's arrays need. None of its
        code has run then.

    Examples
    --------
    >>> load_restricted(pickle.dumps({3: np.arange(2)}))
    {3: array([0, 1])}
    """
    try:
        # With Latin-1, arrays that Python 2 has written come back byte by byte.
        loaded = _Restricted(io.BytesIO(content), encoding="latin1").load()
        return _Substitution().apply(loaded)[0]
    except pickle.UnpicklingError:
        raise
    except MemoryError as error:
        raise pickle.UnpicklingError("it needs more memory than there is") from error
    except Exception as error:  # a broken pickle raises nearly anything
        raise pickle.UnpicklingError(f"it is broken ({type(error).__name__}: {error})") from error


class _Substitution:
    """The replacement of substitutes by arrays, which visits an object once even if it is held many times."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, int] | None] = {}

    def apply(self, content: Any, depth: int = 0) -> tuple[Any, int]:
        """Return an object with arrays in place of their substitutes, and the number of numbers in it."""
        if isinstance(content, _Array):
            if content.numpy is None:
                raise pickle.UnpicklingError("an array in it has no content")
            return content.numpy, content.numpy.size
        if not isinstance(content, dict | list | tuple):
            return content, 1
        known = self.known.get(id(content), ())
        if known:
            return known
        if known is None or depth > DEEPEST:
            raise pickle.UnpicklingError("its lists hold each other, or are nested too deeply")
        self.known[id(content)] = None  # until it is known, it must not occur in itself
        values = content.values() if isinstance(content, dict) else content
        parts = [self.apply(value, depth + 1) for value in values]
        size = sum(part[1] for part in parts)
        if size > (MOST_NUMBERS if isinstance(content, dict) else MOST_IN_LIST):
            raise pickle.UnpicklingError("its lists stand for more numbers than any file of vectors has")
        made = [part[0] for part in parts]
        result = dict(zip(content, made, strict=True)) if isinstance(content, dict) else type(content)(made)
        self.known[id(content)] = result, size
        return result, size


def read_dictionary(path: Path) -> dict[int | str, NDArray[np.float32]]:
    """Read a pickled dictionary from an id or an identifier to a vector.

    Parameters
    ----------
    path
        The pickle.

    Returns
    -------
    dict
        The vectors, float32 ``(d,)``, by key: an integer or a text.

    Raises
    ------
    DataError
        If the file cannot be read, is no pickle, or holds anything but finite vectors of one length.
    """
    remedy = "save it again as a dictionary from ids to NumPy arrays, or move it elsewhere"
    try:
        with open_file(path) as stream:
            content = load_restricted(stream.read())
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise DataError(what, path=path, remedy="make the file readable") from error
    except (pickle.UnpicklingError, MemoryError) as error:
        why = "it needs more memory than there is" if isinstance(error, MemoryError) else error
        raise DataError(f"is refused: {why}", path=path, remedy=remedy) from error
    try:
        vectors = {_key(key): _vector(value) for key, value in content.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError("is no dictionary from ids to vectors", path=path, remedy=remedy) from error
    lengths = sorted({len(vector) for vector in vectors.values()})
    strange = [key for key, vector in vectors.items() if not np.isfinite(vector).all()]
    if len(vectors) < len(content):
        raise DataError("has two vectors of one id", path=path, remedy="keep one vector for each id")
    if len(lengths) != 1 or not lengths[0]:
        raise DataError(f"has vectors of length {lengths or 'none'}", path=path, remedy=remedy)
    if strange:
        raise DataError(
            f"the vector of id {strange[0]} is not finite ({len(strange)} of {len(vectors)} vectors)",
            path=path,
            remedy="leave these ids out of the dictionary",
        )
    return vectors


def _key(key: object) -> int | str:
    """Return a key of a dictionary as an integer or a text."""
    if isinstance(key, int | np.integer) and not isinstance(key, bool):
        return int(key)
    if not isinstance(key, str):
        raise TypeError
    return int(key) if key.isdigit() and key.isascii() else key


def _vector(value: object) -> NDArray[np.float32]:
    """Return the vector that an array or a list of numbers is, whatever its shape."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or not array.ndim:
        raise TypeError
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which is reported
        return array.astype(np.float32).ravel()
