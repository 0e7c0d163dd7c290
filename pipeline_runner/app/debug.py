"""``prun debug``: one task of a past run again, in this process, with exactly its recorded inputs.

The code is what is on disk now. Nothing is stored and nothing is published.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..errors import Problem, PrunError
from ..model.outcome import ErrorInfo
from ..model.work import Job
from .inputs import Bindings, bound_inputs, load_inputs

if TYPE_CHECKING:
    from ..model.graph import Step
    from .run import Run

Call = Callable[..., Any]


class Caller(Protocol):
    """Who calls the function: plainly, or under a debugger."""

    def __call__(self, function: Call, arguments: Mapping[str, Any]) -> Any: ...
    def failed(self, traceback: TracebackType | None) -> None:
        """It raised: look at where."""


class Debugged(NamedTuple):
    """How it went. ``changed``: tracked files that are not what they were in that run."""

    task: str
    seconds: float
    outputs: Mapping[str, Any]
    error: ErrorInfo | None = None
    changed: Sequence[str] = ()


class Plainly:
    """Just call it."""

    def __call__(self, function: Call, arguments: Mapping[str, Any]) -> Any:
        return function(**arguments)

    def failed(self, traceback: TracebackType | None) -> None:
        """Nothing to look at."""


def debug_task(run: Run, task: str, *, root: str | None = None, caller: Caller | None = None) -> Debugged:
    """Run one task again.

    Args:
        run: the run that recorded its inputs.
        task: its id there.
        root: the pipeline's folder on this machine, where the run was made on another.
        caller: who calls it; a ``Debugger`` to stop in it.

    Raises:
        PrunError: there is no such task, or its inputs cannot be told.
    """
    from ..workers.errors import describe
    from ..workers.failure import TaskError
    from ..workers.imports import isolated
    from ..workers.masking import masker
    from .opened import project_of

    caller = caller or Plainly()
    name, k = run.position(task)
    bindings = bound_inputs(run, name, k, root)
    graph = bindings.graph
    project = project_of(graph)
    changed = _changed(run, name, k, bindings)
    mask = masker(graph.secrets, graph.root)
    began = [time.perf_counter()]
    with isolated(project), _inside(graph.root):
        try:
            outputs = _call(run, graph.steps[name], bindings, caller, began)
        except TaskError as problem:
            seconds = time.perf_counter() - began[0]
            cause = problem.cause or problem
            error = describe(cause, project, mask, kind=problem.kind, message=problem.message)
            return Debugged(task, seconds, {}, error._replace(hint=mask(problem.hint)), changed)
    return Debugged(task, time.perf_counter() - began[0], outputs, None, changed)


def _call(run: Run, step: Step, bindings: Bindings, caller: Caller, began: list[float]) -> Mapping[str, Any]:
    """The step's call and checks as a worker makes them. Raises ``TaskError``."""
    from ..workers.call import refuse_lazy, resolve, run_checks, split_outputs
    from ..workers.failure import TaskError
    from ..workers.fence import Fence
    from .opened import project_of

    job = Job("call", step.name, step.call, "", project_of(bindings.graph), run.id, env=bindings.env)
    fence = Fence()
    fence.begin(job)
    try:
        function = resolve(step.call)
    except TaskError:
        raise
    except Exception as error:
        caller.failed(error.__traceback__)
        raise TaskError("exception", "", cause=error) from error
    arguments = load_inputs(run, bindings)
    fence.enter(job)
    try:
        began[0] = time.perf_counter()
        try:
            value = caller(function, arguments)
        except Exception as error:
            caller.failed(error.__traceback__)
            raise TaskError("exception", "", cause=error) from error
        refuse_lazy(value)
        outputs = split_outputs(value, step.outputs)
        run_checks(step.check, value, outputs)
    finally:
        fence.leave(job)
    return outputs


@contextmanager
def _inside(root: str) -> Iterator[None]:
    before = os.getcwd()
    try:
        os.chdir(root)
    except OSError as error:
        raise PrunError(
            Problem("folder", f"the pipeline's folder {root} is not there: {error.strerror}")
        ) from None
    try:
        yield
    finally:
        os.chdir(before)


def _changed(run: Run, step: str, k: int, bindings: Bindings) -> list[str]:
    """Tracked files whose content is not what the task read."""
    from ..model.bound import FileArg

    entry = run.entry(step, k)
    if entry is None:
        return []
    return [
        part.what or name
        for name, bound in bindings.bound.items()
        if isinstance(bound, FileArg) and (part := entry.parts.get(name)) and part.digest != bound.digest
    ]


# ---- under pdb -----------------------------------------------------------------------------------


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
        from ..workers.call import resolve

        file, _, line = where.rpartition(":")
        if line.isdigit():
            problem = debugger.set_break(os.path.abspath(file), int(line))
        else:
            code = getattr(_unwrapped(resolve(where)), "__code__", None)
            if code is None:
                raise PrunError(Problem("break", f"{where} has no code of its own to stop in"))
            problem = debugger.set_break(code.co_filename, _first_line(code), funcname=code.co_name)
        if problem:
            raise PrunError(Problem("break", f"cannot stop at {where}: {problem}"))


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
