"""pdb for `prun debug`: stops where it should, and begins a post-mortem in the user's own code."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from ..errors import Problem
from .debug import BadBreak, Call


class Debugger:
    """Calls under pdb: stops at the function's first line, or at ``breaks`` alone; where the call
    raises, a post-mortem begins in the innermost frame of the user's.

    A break is ``FILE:LINE`` (relative to the pipeline's folder) or ``module:function``. The pdb
    prompt reads from stdin, as always.
    """

    def __init__(self, breaks: Sequence[str] = (), *, stop_first: bool = True) -> None:
        self.breaks = breaks
        self.stop_first = stop_first and not breaks

    def __call__(self, function: Call, arguments: Mapping[str, Any]) -> Any:
        from bdb import BdbQuit

        debugger = _pdb()
        try:
            for where in self.breaks:
                self._set(debugger, where)
            return _traced(debugger, function, arguments, self.stop_first)
        except BdbQuit:
            raise KeyboardInterrupt from None

    def failed(self, traceback: TracebackType | None) -> None:
        from ..workers.imports import is_project_file

        while traceback is not None and not is_project_file(traceback.tb_frame.f_code.co_filename):
            traceback = traceback.tb_next
        if traceback is not None:
            debugger = _pdb()
            debugger.reset()
            debugger.interaction(None, traceback)

    def _set(self, debugger: Any, where: str) -> None:
        file, _, line = where.rpartition(":")
        if line.isdigit():
            problem = debugger.set_break(os.path.abspath(file), int(line))
        else:
            code = getattr(_unwrapped(_callable(where)), "__code__", None)
            if code is None:
                raise _bad(where, "it has no code of its own")
            problem = debugger.set_break(code.co_filename, _first_line(code), funcname=code.co_name)
        if problem:
            raise _bad(where, problem)


def _callable(where: str) -> Any:
    from ..workers.call import resolve

    try:
        return resolve(where)
    except Exception as error:  # the module's own code runs here
        raise _bad(where, str(error)) from None


def _bad(where: str, problem: str) -> BadBreak:
    return BadBreak(
        Problem("break", f"cannot stop at {where}: {problem}", None, "FILE:LINE or module:function")
    )


def _traced(debugger: Any, function: Call, arguments: Mapping[str, Any], stop_first: bool) -> Any:
    """As ``Bdb.runcall``, which keeps to itself that somebody quit."""
    debugger.reset()
    if not stop_first:
        debugger.botframe = sys._getframe()
        debugger._set_stopinfo(debugger.botframe, None, -1)  # stop nowhere but at breaks
    sys.settrace(debugger.trace_dispatch)
    try:
        return function(**arguments)
    finally:
        debugger.quitting = True
        sys.settrace(None)


def _unwrapped(function: Any) -> Any:
    import inspect

    return inspect.unwrap(function)


def _first_line(code: Any) -> int:
    """The first line with something to stop at, below decorators and the ``def``."""
    lines = [line for _, _, line in code.co_lines() if line is not None and line > code.co_firstlineno]
    first: int = min(lines, default=code.co_firstlineno)
    return first


def _pdb() -> Any:
    import pdb

    from ..workers.imports import is_project_file

    class Pdb(pdb.Pdb):
        """Begins a post-mortem in the user's own code, not deep in a library."""

        def setup(self, f: Any, tb: Any) -> Any:
            result = super().setup(f, tb)
            if f is None and tb is not None:
                stack = self.stack
                own = [i for i, (frame, _) in enumerate(stack) if is_project_file(frame.f_code.co_filename)]
                if own:
                    self.curindex = own[-1]
                    self.curframe = stack[self.curindex][0]
                    self.curframe_locals = self.curframe.f_locals
            return result

    return Pdb(nosigint=True)
