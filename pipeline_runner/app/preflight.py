"""What can be wrong before anything runs: backends, callables, arguments, files, params, secrets."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..engine.expand import Expander, SplitNeeded
from ..engine.references import BindError
from ..engine.results import Unknown
from ..errors import BlobLost, Place, Problem
from ..keys.code import CodeError
from ..model.graph import FanOut, Files, Input, Literal, Matrix, Ref, Step, Text, calls_of
from ..workers.pools import backend_problem, backend_traits
from .annotations import annotation_problems
from .limits import too_much
from .wiring import engine_for

if TYPE_CHECKING:
    from ..engine.bind import Binder
    from ..model.graph import Graph
    from .session import Session


def cautions(graph: Graph, backend: str | None) -> list[str]:
    """What a run should say at its start, though it stops nothing."""
    timed = [name for name, step in graph.steps.items() if step.timeout is not None]
    name = backend or graph.executor.backend
    if not timed or name is None or backend_traits(name).stops:
        return []
    what = timed[0] if len(timed) == 1 else f"{timed[0]} and {len(timed) - 1} more"
    why = "threads cannot be stopped" if name == "threading" else f"{name} cannot stop a task"
    return [f"the timeout of {what} has no effect: {why} (--backend loky can)"]


class Preflight:
    """Collects problems of the steps that are to run. ``place`` finds where something is written.

    ``load``: the module that registers the backend may be imported, though it be the user's.
    """

    def __init__(self, session: Session, backend: str, place: Any, *, load: bool = False) -> None:
        self.session = session
        self.graph = session.graph
        self.backend = backend
        self.place = place
        self.load = load

    def problems(self, steps: Iterable[str], *, lint: bool = False) -> list[Problem]:
        """Every problem of the named steps; with ``lint`` what does not stop a run, too."""
        found = list(self._backend())
        if lint:
            from .lint import file_warnings

            found += file_warnings(self.session, self._where)
        names = list(steps)
        for name in names:
            step = self.graph.steps[name]
            for problem in self._step(step):
                if lint or problem.severity == "error":
                    found.append(problem)
            if lint:
                from .returned import returned_problems  # which needs ast: for check alone

                found += annotation_problems(self.session, step, self._argument)
                found += returned_problems(self.session, step, self._where)
        found += self._overwrites()
        found += self._secrets(names)
        found += self._hooks()
        return list(dict.fromkeys(found))  # a module that cannot be read is told once, not by each step

    # ---- the environment -------------------------------------------------------------------------

    def _backend(self) -> Iterator[Problem]:
        written = self.graph.executor.backend
        for backend in dict.fromkeys(b for b in (written, self.backend) if b is not None):
            load = self.load and backend == self.backend
            problem = backend_problem(backend, self.session.project if load else None)
            if problem is not None:
                where = self.place(("executor", "backend")) if backend == written else None
                yield problem._replace(where=where)
                return
        if backend_traits(self.backend).isolates and not self.session.store.shared_between_processes:
            yield Problem(
                "store", f"{self.session.store.url} is seen by one process alone",
                self.place(("store",)) if self.session.store_given is None else None,
                "use --backend threading, or a store on disk",
            )  # fmt: skip

    def _secrets(self, steps: Iterable[str]) -> Iterator[Problem]:
        from ..workers.failure import TaskError
        from ..workers.masking import Unmaskable, read_secret

        used = {
            b.ref.name
            for name in steps
            for b in self.graph.steps[name].args.values()
            if isinstance(b, Input) and b.ref.root == "secrets"
        }
        for name, source in sorted(self.graph.secrets.items()):
            try:
                read_secret(name, source, self.graph.root)
            except TaskError as error:
                if name not in used and not isinstance(error, Unmaskable):
                    continue  # none is needed; but one that is there is masked in every task's text
                yield Problem("secret", str(error), self.place(("secrets", name)), error.hint)

    def _overwrites(self) -> Iterator[Problem]:
        if any(step.publish for step in self.graph.steps.values()):
            from .overwrites import Overwrites

            for path, message, hint in Overwrites(self.session, *self._binding).found():
                yield Problem("publish", message, self._where(path), hint)

    def _hooks(self) -> Iterator[Problem]:
        for when, calls in (("on_success", self.graph.on_success), ("on_failure", self.graph.on_failure)):
            for i, call in enumerate(calls):
                try:
                    self.session.code.fingerprint(call)
                except CodeError as error:
                    place = getattr(error, "where", None)
                    if not isinstance(place, Place):
                        place = self._where((when, i)) or self._where((when,))
                    yield Problem("callable", str(error), place, getattr(error, "hint", ""))

    # ---- a step ------------------------------------------------------------------------------------

    def _step(self, step: Step) -> Iterator[Problem]:
        yield from self._isolation(step)
        yield from self._callables(step)
        yield from self._values(step)

    def _isolation(self, step: Step) -> Iterator[Problem]:
        at = ("steps", step.name)
        traits = backend_traits(self.backend)
        if step.env and not traits.isolates:
            yield Problem(
                "env", f"step {step.name!r} sets env, and the backend {self.backend!r} cannot isolate it",
                self._env_of(at), "use --backend loky",
            )  # fmt: skip
        if step.timeout is not None and (lax := _lax(self.backend)):
            yield Problem("timeout", lax, self._where((*at, "timeout")), "use --backend loky", "warning")

    def _env_of(self, at: tuple[str | int, ...]) -> Place | None:
        """Where a step's env is written: there, else at the top."""
        own, nowhere = self._where((*at, "env")), self._where((*at, ""))
        return own if own != nowhere else self._where(("env",))

    def _callables(self, step: Step) -> Iterator[Problem]:
        found = list(self.callables(calls_of(step.name, step.call, step.check)))
        yield from found
        if not any(problem.severity == "error" for problem in found):
            yield from self._signature(step)

    def callables(self, calls: Iterable[tuple[tuple[str | int, ...], str]]) -> Iterator[Problem]:
        """What is wrong with callables, each with where it is written."""
        for path, call in calls:
            try:
                fingerprint = self.session.code.fingerprint(call)
            except CodeError as error:
                where = getattr(error, "where", None)
                place = where if isinstance(where, Place) else self._where(path)
                yield Problem("callable", str(error), place, getattr(error, "hint", ""))
            else:
                if self.session.code.signature(call) is None and self.session.code.is_data(call):
                    yield Problem(
                        "callable", f"{call} is a value, and nothing that can be called", self._where(path)
                    )
                for warning in fingerprint.warnings:
                    yield Problem("dynamic-code", warning, self._where(path), "", "warning")

    def _signature(self, step: Step) -> Iterator[Problem]:
        signature = self.session.code.signature(step.call)
        if signature is None:
            return
        known = [p.name for p in signature.parameters if p.kind in ("any", "keyword")]
        for name in step.args:
            if name not in known and not signature.takes_any:
                near = difflib.get_close_matches(name, known, 1)
                yield Problem(
                    "argument", f"{step.call} takes no argument {name!r}", self._argument(step, name),
                    f"did you mean {near[0]!r}?" if near else f"it takes: {', '.join(known) or 'none'}",
                )  # fmt: skip
        for p in signature.parameters:
            required = not p.has_default and p.kind in ("positional", "any", "keyword")
            if required and p.kind == "positional":
                yield Problem(
                    "argument", f"{step.call}: {p.name!r} is positional-only, and prun passes by name",
                    self._where(("steps", step.name, "call")),
                )  # fmt: skip
            elif required and p.name not in step.args:
                message = f"{step.call} needs the argument {p.name!r}, which step {step.name!r} does not pass"
                yield Problem(
                    "argument", message,
                    self._where(("steps", step.name, "call")),
                    f"pass it: inputs: {{{p.name}: ...}} or with: {{{p.name}: ...}}",
                )  # fmt: skip

    # ---- values that are known already ---------------------------------------------------------------

    def _values(self, step: Step) -> Iterator[Problem]:
        """Params that are not there or not a list, files that do not exist, keys that repeat."""
        binder, expander = self._binding
        for wrong in too_much(step, self.graph, binder):
            place = self._where(("steps", step.name, "resources", wrong.key))
            place = place or self._where(("defaults", "resources", wrong.key))
            yield Problem("resources", wrong.message, place, wrong.hint)
        for name, binding in step.args.items():
            literal = binding.source if isinstance(binding, Files) else None
            if isinstance(literal, str) and self._normal(literal) in self._published:
                continue
            if not _static(binding):
                continue
            try:
                binder.argument(step, name, None)
            except BindError as error:
                made = isinstance(binding, Files) and bool(step.after)  # perhaps by what comes first
                severity = "warning" if made else "error"
                yield Problem("value", error.message, self._argument(step, name), error.hint, severity)
        if step.fanout is not None and not _over_steps(step.fanout):
            yield from self._items(step, expander)

    def _items(self, step: Step, expander: Expander) -> Iterator[Problem]:
        try:
            expander.expand(step)
        except BindError as error:
            group = "foreach" if hasattr(step.fanout, "source") else "matrix"
            yield Problem("fan-out", error.message, self._where(("steps", step.name, group)), error.hint)
        except (Unknown, SplitNeeded, BlobLost, AssertionError):
            return

    @cached_property
    def _binding(self) -> tuple[Binder, Expander]:
        binder, expander, _ = engine_for(self.session, self.graph, "check")
        return binder, expander

    @cached_property
    def _published(self) -> set[str]:
        """Files that a step of this pipeline may still have to make."""
        return {
            self._normal(path)
            for step in self.graph.steps.values()
            for path in step.publish.values()
            if isinstance(path, str)
        }

    def _normal(self, path: str) -> str:
        return os.path.normpath(os.path.join(self.graph.root, path))

    # ---- places ----------------------------------------------------------------------------------------

    def _argument(self, step: Step, name: str) -> Place | None:
        group = {Input: "inputs", Files: "files", Literal: "with"}[type(step.args[name])]
        return self._where(("steps", step.name, group, name))

    def _where(self, path: tuple[str | int, ...]) -> Place | None:
        found: Place | None = self.place(path)
        return found


def _lax(backend: str) -> str:
    """What a time-out does not do there."""
    if backend == "sequential":
        return "the backend 'sequential' stops Python code alone: a call of C code goes on to its end"
    if backend_traits(backend).stops:
        return ""
    return f"the backend {backend!r} cannot stop a task: timeout has no effect"


def _over_steps(fanout: FanOut) -> bool:
    """Whether a fan-out's items come from steps."""
    sources = [s for _, s in fanout.axes] if isinstance(fanout, Matrix) else [fanout.source]
    return any(isinstance(s, Ref) and s.root == "step" for s in sources)


def _static(binding: Any) -> bool:
    """Whether a binding depends on params and literals alone."""
    stack = [binding.ref if isinstance(binding, Input) else getattr(binding, "source", None) or binding]
    while stack:
        value = stack.pop()
        if isinstance(value, Ref):
            if value.root != "params":
                return False
        elif isinstance(value, Literal):
            stack.append(value.value)
        elif isinstance(value, Text):
            stack.extend(value.parts)
        elif isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, dict):
            stack.extend(value.values())
    return True
