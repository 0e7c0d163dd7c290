"""``prun debug``: one task of a past run again, in this process, with exactly its recorded inputs.

The code is what is on disk now. Nothing is stored and nothing is published.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..errors import Problem, PrunError
from ..model.outcome import ErrorInfo
from ..model.work import Job
from .inputs import Bindings, bound_inputs, load_inputs

if TYPE_CHECKING:
    from ..model.graph import Step
    from .run_record import RunRecord

Call = Callable[..., Any]


class Caller(Protocol):
    """Who calls the function: plainly, or under a debugger."""

    def __call__(self, function: Call, arguments: Mapping[str, Any]) -> Any: ...
    def failed(self, traceback: TracebackType | None) -> None:
        """It raised: look at where."""


class BadBreak(PrunError):
    """There is nothing to stop at; the task has not been called."""


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


def debug_task(
    record: RunRecord, task: str, *, root: str | None = None, caller: Caller | None = None
) -> Debugged:
    """Run one task again.

    Args:
        record: of the run that recorded its inputs.
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
    from .session import project_of

    caller = caller or Plainly()
    name, k = record.position(task)
    bindings = bound_inputs(record, name, k, root)
    graph = bindings.graph
    project = project_of(graph)
    changed = _changed(record, name, k, bindings)
    mask = masker(graph.secrets, graph.root)
    began = [time.perf_counter()]
    with _few_threads(record), isolated(project), _inside(graph.root):
        try:
            outputs = _call(record, graph.steps[name], bindings, caller, began)
        except TaskError as problem:
            seconds = time.perf_counter() - began[0]
            cause = problem.cause or problem
            error = describe(cause, project, mask, kind=problem.kind, message=problem.message)
            return Debugged(task, seconds, {}, error._replace(hint=mask(problem.hint)), changed)
    return Debugged(task, time.perf_counter() - began[0], outputs, None, changed)


def _call(
    record: RunRecord, step: Step, bindings: Bindings, caller: Caller, began: list[float]
) -> Mapping[str, Any]:
    """The step's call and checks as a worker makes them. Raises ``TaskError``."""
    from ..workers.call import refuse_lazy, resolve, run_checks, split_outputs
    from ..workers.failure import TaskError
    from ..workers.fence import Fence
    from .session import project_of

    job = Job("call", step.name, step.call, "", project_of(bindings.graph), record.id, env=bindings.env)
    fence = Fence()
    fence.begin(job)
    try:
        function = resolve(step.call)
    except TaskError:
        raise
    except Exception as error:
        caller.failed(error.__traceback__)
        raise TaskError("exception", "", cause=error) from error
    arguments = load_inputs(record, bindings)
    fence.enter(job)
    try:
        began[0] = time.perf_counter()
        try:
            value = caller(function, arguments)
        except BadBreak:
            raise
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
def _few_threads(record: RunRecord) -> Iterator[None]:
    """Libraries of native code get as many threads as in the run's workers: more are often slower, and
    may give other last digits. It holds for what is imported from here on."""
    from ..workers.environment import worker_environment

    if record.head.get("backend") != "loky":
        yield
        return
    limits = worker_environment(int(record.head.get("workers") or 1))
    added = {name: value for name, value in limits.items() if name not in os.environ}
    os.environ.update(added)
    try:
        with _limited_already(int(next(iter(limits.values())))):
            yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _limited_already(threads: int) -> AbstractContextManager[Any]:
    """For libraries that this process has loaded before, where threadpoolctl is there to tell them."""
    if "numpy" not in sys.modules:
        return nullcontext()
    try:
        limits = importlib.import_module("threadpoolctl").threadpool_limits
    except ImportError:
        return nullcontext()
    limited: AbstractContextManager[Any] = limits(limits=threads)
    return limited


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


def _changed(record: RunRecord, step: str, k: int, bindings: Bindings) -> list[str]:
    """Tracked files whose content is not what the task read."""
    from ..model.bound import FileArg

    entry = record.entry(step, k)
    if entry is None:
        return []
    return [
        part.what or name
        for name, bound in bindings.bound.items()
        if isinstance(bound, FileArg) and (part := entry.parts.get(name)) and part.digest != bound.digest
    ]
