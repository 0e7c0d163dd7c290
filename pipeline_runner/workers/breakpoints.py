"""``breakpoint()`` in a task of a run: there is nobody at its prompt."""

from __future__ import annotations

import os
import sys
from typing import Any


class NobodyThere(RuntimeError):
    """``breakpoint()`` was called where its prompt would be seen by nobody."""


def refuse_breakpoints() -> None:
    """Make it an error that says what to do, unless PYTHONBREAKPOINT names a debugger (a remote one)."""
    if "PYTHONBREAKPOINT" not in os.environ:
        sys.breakpointhook = _refuse


def _refuse(*_: Any, **__: Any) -> None:
    raise NobodyThere("breakpoint() in a run would wait for somebody to type; use `prun debug TASK`")
