"""Running a batch of tasks. Nothing that a task does gets out of here: every answer is a value."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import StoreError
from ..model.artifact import ONE_RUN, Artifact, Entry
from ..model.outcome import ErrorInfo, Failed, InputLost, Outcome, Succeeded
from ..model.work import Job, StoreAt, Task
from .call import refuse_lazy, resolve, run_checks, split_outputs
from .claims import Claims
from .errors import describe, headline, timed_out
from .failure import TaskError
from .host import Host, PlainHost, TimeUp
from .imports import loaded_sources
from .load import InputsLost, Loader
from .loads import Loads
from .masking import Masker, known_secrets, read_secret
from .stores import WorkerStore
from .watch import changed_file

FLUSH_EVERY = 0.5  # seconds after which the entries of a running batch are committed


def run_batch(job: Job, tasks: Sequence[Task], host: Host | None = None) -> list[Outcome]:
    """One outcome per task, in order. Never raises (but a real KeyboardInterrupt inline)."""
    host = host or PlainHost()
    try:
        batch = _Batch(job, host)
    except TaskError as exc:
        return [Failed(_info(exc, job, Masker({})), 0.0) for _ in tasks]
    except BaseException as exc:
        _reraise(exc, host)
        failed = Failed(describe(exc, job.project, kind="bug"), 0.0)
        return [failed for _ in tasks]
    return batch.run(tasks)


class _Batch:
    """What the tasks of a batch share."""

    def __init__(self, job: Job, host: Host) -> None:
        self.job = job
        self.host = host
        values = known_secrets(_secrets(job), job.project.root)
        self.mask = Masker(values)
        self.secrets = values
        self.store = WorkerStore(job.store, job.project.root, job.run, host.scratch)
        self.store.doubt(job.replace or job.kind == "render")
        self.loader = Loader(self.store.decode, self.secret)
        self.loads = Loads(job)
        self.outcomes: list[Outcome] = []
        self.pending: list[int] = []  # positions of outcomes whose entries are not committed yet
        self.flushed = time.monotonic()

    def secret(self, name: str, source: str) -> str:
        if name not in self.secrets:
            self.secrets[name] = read_secret(name, source, self.job.project.root)
            self.mask = Masker(self.secrets)
        return self.secrets[name]

    def run(self, tasks: Sequence[Task]) -> list[Outcome]:
        if self.job.kind == "hook":  # nothing of it is stored
            return [self.task(position, task) for position, task in enumerate(tasks)]
        claims = Claims(self.job, self.store, tasks)
        try:
            for position, task in enumerate(tasks):
                if (found := claims.take(task)) is not None:
                    self.outcomes.append(Succeeded(found, found.seconds))
                    continue
                self.outcomes.append(self.task(position, task))
                if isinstance(self.outcomes[-1], Succeeded):
                    self.pending.append(position)
                if time.monotonic() - self.flushed > FLUSH_EVERY:
                    self.flush()
        finally:
            try:
                self.flush()
            finally:
                claims.release()
        return self.outcomes

    def flush(self) -> None:
        """Commit what is finished; what cannot be committed has failed."""
        self.flushed = time.monotonic()
        entries = [o.entry for o in map(self.outcomes.__getitem__, self.pending) if isinstance(o, Succeeded)]
        if entries:
            try:
                self.store.commit(entries, self.job.replace)
            except BaseException as exc:
                _reraise(exc, self.host)
                error = _info(_unstorable("the result", exc), self.job, self.mask)
                for position in self.pending:
                    done = self.outcomes[position]
                    if isinstance(done, Succeeded):
                        self.outcomes[position] = Failed(error, done.seconds, done.log)
        self.pending = []

    def task(self, position: int, task: Task) -> Outcome:
        clock = _Stopwatch()
        log = ""
        try:
            self.host.begin(position, self.job)
            try:
                outcome = self.outcome(task, clock)
            finally:
                log = self.host.end(self.mask)
        except BaseException as exc:
            _reraise(exc, self.host)
            outcome = Failed(self.describe(exc, "bug"), clock.stop())
        return outcome._replace(log=log) if log else outcome

    def outcome(self, task: Task, clock: _Stopwatch) -> Outcome:
        try:
            entry = self.attempt(task, clock)
            return Succeeded(entry, clock.seconds, unforeseen=self.loads.unforeseen)
        except InputsLost as exc:
            return InputLost(exc.blobs, exc.damaged)
        except TaskError as exc:
            return Failed(_info(exc, self.job, self.mask), clock.stop())
        except BaseException as exc:
            _reraise(exc, self.host)
            return Failed(self.describe(exc, "bug"), clock.stop())

    def attempt(self, task: Task, clock: _Stopwatch) -> Entry:
        job = self.job
        os.chdir(job.project.root)
        if job.kind == "hook":
            self.hook(task, clock)
            outputs = {}
        elif job.kind == "call":
            with Loads(job) as self.loads:
                outputs = self.call(task, clock)
        else:
            value = self.loader.arguments(job.args, task.args)["value"]
            clock.start()
            outputs = self.split(value) if job.kind == "split" else self.render(value)
            clock.stop()
        self.refuse_changed_code()
        self.refuse_changed_files(task)
        return Entry(self.loads.key(task), outputs, task.parts, clock.seconds, time.time(), job.run, task.id)

    def call(self, task: Task, clock: _Stopwatch) -> dict[str, Artifact]:
        job = self.job
        try:
            function = resolve(job.call)
        except TaskError:
            raise
        except BaseException as exc:
            raise self.failed(exc) from exc
        self.refuse_changed_files(task)
        self.loads.look()
        arguments = self.loader.arguments(job.args, task.args)
        self.loads.absorb()
        self.host.enter(job)
        try:
            clock.start()
            try:
                with self.host.limited(job):
                    value = function(**arguments)
            except BaseException as exc:
                raise self.failed(exc) from exc
            finally:
                clock.stop()
            arguments = {}
            refuse_lazy(value)
            named = split_outputs(value, job.outputs)
            once = task.id == job.step and not task.key.recipe.startswith(ONE_RUN)
            like = task.key.recipe if once else ""
            # stored before it is checked: a check that changes the value changes only its own copy
            outputs = {
                name: self.encode(f"output {name}" if name else "", output, like and like + name)
                for name, output in named.items()
            }
            run_checks(job.check, value, named)
        finally:
            self.host.leave(job)
        return outputs

    def hook(self, task: Task, clock: _Stopwatch) -> None:
        """Call with the one argument, by position; what it returns is of no interest."""
        try:
            function = resolve(self.job.call)
        except TaskError:
            raise
        except BaseException as exc:
            raise self.failed(exc) from exc
        summary = self.loader.arguments(self.job.args, task.args)["summary"]
        self.host.enter(self.job)
        try:
            clock.start()
            with self.host.limited(self.job):
                function(summary)
        except BaseException as exc:
            raise self.failed(exc) from exc
        finally:
            clock.stop()
            self.host.leave(self.job)

    def failed(self, exc: BaseException) -> TaskError:
        _reraise(exc, self.host)
        if isinstance(exc, TimeUp):
            return TaskError("timeout", timed_out(self.job.timeout or 0.0).message, cause=exc)
        return TaskError("exception", "", cause=exc)

    def encode(self, name: str, value: Any, like: str = "") -> Artifact:
        try:
            return self.store.encode(value, like)
        except Exception as exc:
            raise _unstorable(name or "what it returned", exc) from exc

    def split(self, value: Any) -> dict[str, Artifact]:
        if not isinstance(value, (list, tuple)):
            kind = type(value).__qualname__
            raise TaskError("input", f"a fan-out needs a list, not a value of type {kind}")
        return {str(i): self.encode(f"element {i}", element) for i, element in enumerate(value)}

    def render(self, value: Any) -> dict[str, Artifact]:
        from .render import render, scratch

        if self.store.safe and self.job.call in (".pkl", ".pickle"):
            raise TaskError(
                "publish", "`serializers: safe` forbids to pickle", hint="publish it in another format"
            )
        with scratch(self.host.scratch) as folder:
            return {"": self.encode("", render(value, self.job.call, folder))}

    def refuse_changed_code(self) -> None:
        """What ran must be what the cache key was made from."""
        loaded = loaded_sources()
        for path, digest in self.job.sources.items():
            if loaded.get(path, digest) != digest:
                raise TaskError(
                    "code-changed",
                    f"{self.shown(path)} was edited after the run was planned",
                    hint="run again",
                )

    def refuse_changed_files(self, task: Task) -> None:
        """What was read must be what the cache key was made from, or the result is another's."""
        path = changed_file((*self.job.args.values(), *task.args.values()))
        if path is not None:
            raise TaskError(
                "file-changed",
                f"{self.shown(path)} changed after the cache key was made from it",
                hint="run again; a file that the step itself changes cannot be tracked by it",
            )

    def shown(self, path: str) -> str:
        try:
            return os.path.relpath(path, self.job.project.root)
        except ValueError:  # another drive
            return path

    def describe(self, exc: BaseException, kind: str, message: str = "") -> ErrorInfo:
        return describe(exc, self.job.project, self.mask, kind=kind, message=message)


class _Stopwatch:
    """How long the call itself took."""

    def __init__(self) -> None:
        self._since: float | None = None
        self.seconds = 0.0

    def start(self) -> None:
        self._since = time.perf_counter()

    def stop(self) -> float:
        if self._since is not None:
            self.seconds += time.perf_counter() - self._since
            self._since = None
        return self.seconds


def _secrets(job: Job) -> Mapping[str, str]:
    """What is masked: the pipeline's secrets, and the key that signs the store."""
    sign = job.store.sign if isinstance(job.store, StoreAt) else None
    return job.secrets if sign is None else {**job.secrets, "the store's key": sign}


def _unstorable(what: str, exc: BaseException) -> TaskError:
    if not type(exc).__module__.startswith("pipeline_runner."):
        return TaskError("output", f"{what} cannot be stored: {headline(exc)}", cause=exc)
    cause = None if isinstance(exc, StoreError) else exc.__cause__  # a full disk is told by its message
    return TaskError("output", f"{what} cannot be stored: {exc}", str(getattr(exc, "hint", "")), cause)


def _info(exc: TaskError, job: Job, mask: Masker) -> ErrorInfo:
    """A failure for which there is a sentence, with the user's exception if one lies behind it."""
    if exc.cause is None:
        return ErrorInfo(exc.kind, mask(exc.message), hint=mask(exc.hint))
    message = exc.message
    if exc.kind == "check" and message.endswith(" failed"):
        message = f"{message}: {headline(exc.cause)}"
    info = describe(exc.cause, job.project, mask, kind=exc.kind, message=message, hint=exc.hint)
    if exc.kind == "timeout":
        return timed_out(job.timeout or 0.0)._replace(traceback=info.traceback, where=info.where)
    return info


def _reraise(exc: BaseException, host: Host) -> None:
    if isinstance(exc, KeyboardInterrupt) and host.interruptible:
        raise exc
