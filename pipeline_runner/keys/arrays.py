"""Content digests of arrays and frames: numpy, pandas, Arrow, polars.

None of them is imported here: a value of theirs can only exist when its library is loaded. The digest
is of what the values are, not of how their memory happens to lie: not of strides, of chunks, of what
stands under a missing value, or of padding.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .digest import Hasher, combine, digest

if TYPE_CHECKING:
    from .objects import Walker

_WORTH = 4096  # bytes from which a digest is kept for whoever stores the memory
_LARGE = 1 << 24  # bytes that are digested while they are written, if they are
_SLAB = 1 << 22  # bytes of a strided array that are copied at a time


def array_digest(value: Any, walker: Walker) -> str | None:
    """The digest of an array or a frame; None for anything else."""
    family = type(value).__module__.partition(".")[0]
    bases = {c.__module__.partition(".")[0] for c in type(value).__mro__}
    if "pandas" in bases:
        from .frames import pandas_digest

        return pandas_digest(value, walker)
    if "numpy" in bases and (np := sys.modules.get("numpy")):
        if type(value) is np.ndarray or type(value) is np.memmap:
            return numpy_digest(np.asarray(value), walker)
        if isinstance(value, np.generic) and family == "numpy":
            return combine("scalar", [numpy_digest(np.asarray(value), walker)])
        return dtype_digest(value) if isinstance(value, np.dtype) and not value.hasobject else None
    if family == "pyarrow":
        from .frames import arrow_digest

        return arrow_digest(value, walker)
    if family == "polars":
        from .frames import polars_digest

        return polars_digest(value, walker)
    return None


def dtype_digest(dtype: Any) -> str:
    if dtype.names is None:
        return combine("dtype", [dtype.str, *(str(n) for n in (dtype.shape or ()))])
    fields = [(n, dtype_digest(dtype.fields[n][0]), str(dtype.fields[n][1:])) for n in dtype.names]
    return combine("dtype", [str(dtype.itemsize), *(p for field in fields for p in field)])


def numpy_digest(array: Any, walker: Walker) -> str:
    """The digest of an ndarray: type with byte order, shape, and the elements in C order."""
    dtype = array.dtype
    shape = ",".join(map(str, array.shape))
    if dtype.names is not None:  # field by field: what lies between them is not content
        parts = [p for n in dtype.names for p in (n, numpy_digest(array[n], walker))]
        return combine("ndarray.fields", [dtype_digest(dtype), shape, *parts])
    if dtype.hasobject or dtype.kind == "T":
        return combine("ndarray.objects", [dtype.str, shape, walker.digest(array.ravel().tolist())])
    return combine("ndarray", [dtype.str, shape, _memory(array, walker)])


def _memory(array: Any, walker: Walker) -> str:
    np = sys.modules["numpy"]
    if array.dtype.char in "gG":
        array = _without_padding(np, array)
    if not array.nbytes:
        return digest(b"")
    if array.flags.c_contiguous:
        place = (array.ctypes.data, array.nbytes)
        if place in walker.buffers:
            return walker.buffers[place][0]
        if walker.later is not None and array.nbytes >= _LARGE:
            walker.later.add(place)
            return ""
        found = digest(_bytes(np, array))
        if array.nbytes >= _WORTH:
            walker.buffers[place] = (found, array)
        return found
    hasher = Hasher()
    rows = max(1, _SLAB // max(1, array.nbytes // max(1, len(array))))
    for start in range(0, len(array), rows):
        hasher.update(_bytes(np, np.ascontiguousarray(array[start : start + rows])))
    return hasher.hexdigest()


def _bytes(np: Any, array: Any) -> memoryview:
    return memoryview(array.reshape(-1).view(np.uint8))


def _without_padding(np: Any, array: Any) -> Any:
    """Extended precision has ten bytes of content in twelve or sixteen."""
    if np.finfo(np.longdouble).nmant != 63:
        return array
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    size = np.dtype(np.longdouble).itemsize
    raw = np.ascontiguousarray(array).view(np.uint8).reshape(-1, size).copy()
    raw[:, 10:] = 0
    return raw.reshape(-1)
