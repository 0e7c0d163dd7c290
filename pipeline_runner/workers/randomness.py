"""The global random generators of a worker, as each task would find them in a fresh process."""

from __future__ import annotations

import os
import random
import sys
from typing import Any, NamedTuple


class _Seeded(NamedTuple):
    """States that importing a module left, where it seeded a generator; None where it did not."""

    python: Any
    numpy: Any


class Randomness:
    """Fresh entropy for each task, unless the user's module seeds on import: then that state.

    So no task sees what another one did to a generator, and a project that writes
    ``random.seed(1)`` at the top of its module gets the same numbers whichever worker runs it.
    """

    def __init__(self) -> None:
        self._seeded: dict[str, _Seeded] = {}
        self._before: tuple[Any, Any] | None = None
        self._clean: bytes | None = None  # numpy's state as the last reset left it

    def before_import(self, module: str) -> None:
        if module not in self._seeded:
            self._before = (random.getstate(), _numpy_snapshot())

    def reset(self, module: str) -> None:
        """Just before the call."""
        seeded = self._seeded.get(module)
        if seeded is None:
            seeded = self._seeded[module] = self._what_import_did()
        if seeded.python is None:
            random.seed(
                int.from_bytes(os.urandom(16), "little")
            )  # without an argument it takes 2,500 bytes, and 30 us
        else:
            random.setstate(seeded.python)
        if "numpy.random" in sys.modules:
            self._reset_numpy(seeded.numpy)

    def _what_import_did(self) -> _Seeded:
        before, self._before = self._before, None
        if before is None:
            return _Seeded(None, None)
        state, numpy = random.getstate(), _numpy_snapshot()
        seeded_numpy = numpy is not None and numpy != (before[1] or _numpy_at_first())
        return _Seeded(
            state if state != before[0] else None,
            sys.modules["numpy.random"].get_state() if seeded_numpy else None,
        )

    def _reset_numpy(self, seeded: Any) -> None:
        if self._clean is not None and _numpy_snapshot() == self._clean:
            return  # nobody drew from it, and setting it takes longer than looking
        numpy = sys.modules["numpy.random"]
        if seeded is None:
            numpy.seed()
            self._clean = _numpy_snapshot()
        else:
            numpy.set_state(seeded)
            self._clean = None


def _numpy_snapshot() -> bytes | None:
    numpy = sys.modules.get("numpy.random")
    if numpy is None:
        return None
    return _snapshot_of(numpy.mtrand._rand._bit_generator)


def _snapshot_of(generator: Any) -> bytes:
    if type(generator).__name__ == "MT19937":
        import ctypes

        return ctypes.string_at(generator.ctypes.state_address, 2500)  # 0.4 us; the state takes 30
    return repr(generator.state).encode()


def _numpy_at_first() -> bytes | None:
    """The state that numpy began with, where the user's module was the first to import it."""
    generator = sys.modules["numpy.random"].mtrand._rand._bit_generator
    entropy = getattr(generator, "seed_seq", None) or getattr(generator, "_seed_seq", None)
    return None if entropy is None else _snapshot_of(type(generator)(entropy))
