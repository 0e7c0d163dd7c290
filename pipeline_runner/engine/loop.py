"""The one loop that obeys the state machine's commands, through the ports.

It tells the state what happened and does what the state asks for: finds items, binds and looks up
tasks, sends work to the pool, keeps timers, publishes. All deciding is the state's.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from ..errors import BlobLost
from ..model.artifact import CacheKey, Damaged, Entry
from ..model.bound import Bound
from ..model.event import Event, HookEnded, Published, TaskFailed, TaskLogged, TasksCancelled
from ..model.graph import Graph, Step
from ..model.outcome import ErrorInfo, Failed, InputLost, NotRun, Outcome, Succeeded
from ..model.work import Job, Project, StoreAt, Task
from . import messages as m
from .bind import Binder
from .depends import varies_by_item, when_varies
from .expand import Expander, SplitNeeded
from .hooks import Hook, hook_error, hook_task
from .ports import Clock, Code, Done, History, Observer, Pool
from .prepare import Candidate, Preparer, bind_failure
from .publishing import Publishing
from .reasons import damage, explain, in_words
from .references import BindError
from .results import Unknown
from .state import MAX_LOSSES, State
from .timers import Timers

POLL_SECONDS = 0.25  # how long a stop request may go unnoticed while workers are busy
GRACE_SECONDS = 5.0  # what running tasks get after a stop request


class Abandoned(KeyboardInterrupt):
    """The user asked a second time to stop, while there was no way to listen."""


class Settings(NamedTuple):
    """What the tasks of a run share."""

    run_id: str
    store: str | StoreAt
    project: Project
    workers: int


class _Batch(NamedTuple):
    """Something that a worker is doing, and what to do with the outcomes."""

    step: str
    items: Sequence[int]
    done: Callable[[Sequence[Outcome]], None]


class Loop:
    """Runs a graph to its end. One for each run."""

    def __init__(
        self,
        graph: Graph,
        state: State,
        binder: Binder,
        expander: Expander,
        preparer: Preparer,
        code: Code,
        history: History,
        publishing: Publishing,
        open_pool: Callable[[], Pool],
        clock: Clock,
        settings: Settings,
        observers: Sequence[Observer],
    ) -> None:
        self.graph = graph
        self.state = state
        self.binder = binder
        self.expander = expander
        self.preparer = preparer
        self.code = code
        self.history = history
        self.publishing = publishing
        self.clock = clock
        self.settings = settings
        self.observers = observers
        self.stop_requests = 0  # set from outside, by a signal's handler
        self.waiting = False  # for workers; else at work itself
        self.run_entries: dict[CacheKey, Entry] = {}  # made or found in this run
        self._open_pool = open_pool
        self._pool: Pool | None = None
        self._stopped = False
        self._began = clock.now()
        self._inbox: deque[m.Told] = deque()
        self._timers = Timers()
        self._computing: dict[CacheKey, tuple[str, int]] = {}
        self._candidates: dict[tuple[str, int], Candidate] = {}
        self._splits_lost: dict[tuple[str, int], int] = {}
        self._outbox: deque[tuple[Job, Sequence[Task], _Batch]] = deque()
        self._flying: dict[int, _Batch] = {}
        self._ticket = 0

    @property
    def inline(self) -> bool:
        """Whether tasks run in this thread, so that only an exception stops one."""
        return bool(getattr(self._pool, "inline", False))

    @property
    def interruptible(self) -> bool:
        """Whether a KeyboardInterrupt would now hit a task, and nothing but a task."""
        return bool(getattr(self._pool, "busy", False))

    # ---- the loop --------------------------------------------------------------------------------

    def run(self, over: Callable[[str], Sequence[Hook]] = lambda status: ()) -> str:
        """Run to the end; the run's status. ``over`` is called with it, and says what to call then."""
        try:
            self.tell(m.Began(self.at()))
            self._work()
            status = self.state.status
            for hook in over(status):
                self._send_hook(hook)
            self._work()
            return status
        finally:
            if self._pool is not None:
                self._pool.close()

    def _work(self) -> None:
        while not self.state.finished or self._flying or self._outbox:
            try:
                self._turn()
            except Abandoned:
                raise
            except KeyboardInterrupt:  # only pools that run tasks in this thread let it through
                self.stop_requests += 1

    def _send_hook(self, hook: Hook) -> None:
        def done(outcomes: Sequence[Outcome]) -> None:
            outcome = outcomes[0]
            self._announce(HookEnded(self.at(), hook.when, hook.call, hook_error(outcome), outcome.log))

        s = self.settings
        job = Job("hook", "", "", s.store, s.project, s.run_id, secrets=self.graph.secrets)
        job, task = hook_task(hook, job)
        self._outbox.append((job, [task], _Batch(hook.when, [], done)))

    def at(self) -> float:
        return self.clock.now() - self._began

    def tell(self, told: m.Told) -> None:
        """Tell the state, obey, and so on until there is nothing more to say."""
        self._inbox.append(told)
        while self._inbox:
            for command in self.state.advance(self._inbox.popleft()):
                self._obey(command)

    def _turn(self) -> None:
        if self.stop_requests:
            self._stop()
        for step, item in self._timers.due(self.at()):
            self.tell(m.TimerFired(self.at(), step, item))
        self._send()
        free = self._free() - len(self._outbox)
        if free > 0:
            self.tell(m.SlotsFree(self.at(), free))
            self._send()
        if self._flying:
            for done in self._wait(min(POLL_SECONDS, self._timers.wait(self.at(), POLL_SECONDS) or 0.0)):
                batch = self._flying.pop(done.ticket)
                batch.done(done.outcomes)
        elif not self._outbox and not self.state.finished:
            wait = self._timers.wait(self.at(), None)
            if wait is None:
                raise AssertionError("nothing runs and nothing is left to start: a bug")
            self.clock.sleep(min(wait, POLL_SECONDS))

    def _wait(self, seconds: float) -> Sequence[Done]:
        assert self._pool is not None
        self.waiting = True
        try:
            return self._pool.wait(seconds)
        finally:
            self.waiting = False

    def _free(self) -> int:
        return self.settings.workers if self._pool is None else self._pool.free()

    def _send(self) -> None:
        while self._outbox:
            if self._pool is None:
                self._pool = self._open_pool()
            if self._pool.free() <= 0:
                return
            job, tasks, batch = self._outbox.popleft()
            self._ticket += 1
            self._flying[self._ticket] = batch
            self._pool.submit(self._ticket, job, tasks)

    def _stop(self) -> None:
        """Start nothing more; end what runs. A second request ends it at once."""
        grace = 0.0 if self._stopped or self.stop_requests > 1 else GRACE_SECONDS
        self.stop_requests = 0
        if not self._stopped:
            self._stopped = True
            for _, tasks, batch in self._outbox:
                batch.done([NotRun() for _ in tasks])
            self._outbox.clear()
            self.tell(m.StopRequested(self.at()))
        if self._pool is not None:
            self._pool.stop(grace)

    # ---- obeying ---------------------------------------------------------------------------------

    def _obey(self, command: m.Command) -> None:
        match command:
            case m.Announce():
                self._announce(command.event)
            case m.Prepare():
                self._prepare(self.graph.steps[command.step], command.items, command.again)
            case m.Start():
                self._start(self.graph.steps[command.step], command.items, command.attempt)
            case m.Expand():
                self._expand(self.graph.steps[command.step], command.ask)
            case m.SetTimer():
                self._timers.set(self.at() + command.seconds, command.step, command.item)

    def _announce(self, event: Event) -> None:
        if isinstance(event, TaskFailed) and event.retry_in is None:
            result = self.binder.result(event.step)
            if result.present(event.item):  # it ran again because its result was lost
                result.set_entry(event.item, None)
        elif isinstance(event, TasksCancelled):
            for k in event.items:  # nobody may wait for what will never be computed
                candidate = self._candidates.pop((event.step, k), None)
                if candidate is not None:
                    self._computing.pop(candidate.key, None)
        for observer in self.observers:
            observer(event)

    def _expand(self, step: Step, ask: bool) -> None:
        at = self.at()
        result = self.binder.result(step.name)
        result.skipped = not ask
        try:
            if ask and step.when is not None and not when_varies(step) and not self.binder.holds(step, None):
                self._inbox.append(m.WhenFalse(at, step.name))
                return
            items = self.expander.expand(step)
        except SplitNeeded as split:
            if ask:
                self._split(step, split.lists)
            else:
                self._inbox.append(m.Expanded(at, step.name, None))
        except BlobLost as lost:
            self._blob_lost(step.name, -1, [lost.blob], lost.damaged)
        except (BindError, Unknown) as error:
            if ask and isinstance(error, BindError):
                self._inbox.append(m.ExpandFailed(at, step.name, bind_failure(error)))
            elif ask:
                raise
            else:
                self._inbox.append(m.Expanded(at, step.name, None))
        else:
            result.expand(items)
            self._inbox.append(m.Expanded(at, step.name, len(items), items.keys))

    def _split(self, step: Step, lists: Sequence[Bound]) -> None:
        """Have a worker store the elements of lists that only it can open."""
        keys = {self.preparer.split_key(b): b for b in lists}
        for key, entry in self.preparer.cache.lookup(list(keys)).items():
            if isinstance(entry, Entry):
                self.expander.add_split(keys.pop(key), entry)
        if not keys:
            self._expand(step, True)
            return
        waiting = set(keys)

        def done(outcomes: Sequence[Outcome]) -> None:
            outcome = outcomes[0]
            if isinstance(outcome, Succeeded):
                self.expander.add_split(keys[outcome.entry.key], outcome.entry)
                waiting.discard(outcome.entry.key)
                if not waiting:
                    self._expand(step, True)
                    self._drain()
            elif isinstance(outcome, InputLost):
                self._blob_lost(step.name, -1, outcome.blobs, outcome.damaged)
                self._drain()
            elif not self._stopped:
                error = outcome.error or ErrorInfo("worker_lost", "the worker died while it split a list")
                self.tell(m.ExpandFailed(self.at(), step.name, error))

        for bound in keys.values():
            self._send_split(step, bound, done)

    def _send_split(
        self, step: Step, bound: Bound, done: Callable[[Sequence[Outcome]], None], replace: bool = False
    ) -> None:
        job = self._job(step, "split", "", {})._replace(replace=replace)
        key = self.preparer.split_key(bound)
        task = Task(0, f"{step.name} (splitting its list)", key, {"value": bound}, {})
        self._outbox.append((job, [task], _Batch(step.name, [-1], done)))

    def _split_again(self, step: Step, k: int, bound: Bound) -> None:
        """Elements of a list were lost: split it again, then the task that reads them goes again."""

        def done(outcomes: Sequence[Outcome]) -> None:
            outcome = outcomes[0]
            if isinstance(outcome, InputLost):
                self._blob_lost(step.name, k, outcome.blobs, outcome.damaged)
                self._drain()
            elif isinstance(outcome, Failed):
                self._failed(step, k, outcome.error, outcome.seconds)
            else:
                self.tell(m.NotStarted(self.at(), step.name, [k]))

        self._send_split(step, bound, done, replace=True)

    def _drain(self) -> None:
        if self._inbox:
            self.tell(self._inbox.popleft())

    # ---- looking up ------------------------------------------------------------------------------

    def _prepare(self, step: Step, items: Sequence[int], again: bool) -> None:
        self.binder.forget_bindings(step.name)
        try:
            found = self.preparer.candidates(step, items)
        except BlobLost as lost:
            for k in items:
                self._blob_lost(step.name, k, [lost.blob], lost.damaged)
            return
        reuse = not again and self.preparer.reusable(step)
        known = self._known(step, [c.key for c in found.ready]) if reuse else {}
        hits: list[int] = []
        misses: list[int] = []
        same: list[tuple[int, tuple[str, int]]] = []
        saved = 0.0
        reason = "its result was lost" if again else ""
        for candidate in found.ready:
            k, key = candidate.item, candidate.key
            entry = known.get(key)
            if isinstance(entry, Entry):
                self.run_entries[key] = entry
                self.binder.result(step.name).set_entry(k, entry)
                hits.append(k)
                saved += entry.seconds
                continue
            if reuse and key in self._computing:
                same.append((k, self._computing[key]))
                continue
            if reuse:
                self._computing[key] = (step.name, k)
            self._candidates[step.name, k] = candidate
            reason = reason or self._reason(step, candidate, entry)
            misses.append(k)
        told = m.Prepared(
            self.at(), step.name, hits, saved, misses, reason, same, found.skipped, found.failed
        )
        self._publish_hits(step, told)

    def _known(self, step: Step, keys: Sequence[CacheKey]) -> Mapping[CacheKey, Entry | Damaged]:
        found: dict[CacheKey, Entry | Damaged] = {}
        if self.run_entries:
            found = {k: self.run_entries[k] for k in keys if k in self.run_entries}
        rest = [k for k in keys if k not in found and k not in self._computing]
        found.update(self.preparer.look_up(step, rest))
        return found

    def _reason(self, step: Step, candidate: Candidate, found: Entry | Damaged | None) -> str:
        if isinstance(found, Damaged):
            return in_words([damage(found)])
        if not step.cache.enabled:
            return "cache off"
        if step.name in self.preparer.forced:
            return "forced"
        parts = self.preparer.parts(step, candidate)
        items = self.binder.result(step.name).items
        key = items.keys[candidate.item] if items is not None else None
        previous = self.history.previous(step.name, key, parts)
        before = self.history.recipe(previous.key.recipe) if previous is not None else None
        return in_words(explain(self.code.recipe(step.name), parts, previous, before))

    def _publish_hits(self, step: Step, told: m.Prepared) -> None:
        """Restore what reused tasks published; those that need a worker for it are told later."""
        if not step.publish or not told.hits:
            self._inbox.append(told)
            return
        hits = []
        failed = list(told.failed)
        for k in told.hits:
            error = self._publish(step, k, partial(self._republished, step, k))
            if error is _LATER:
                continue
            if error is None:
                hits.append(k)
            else:
                failed.append((k, error))
        self._inbox.append(told._replace(hits=hits, failed=failed))

    def _republished(self, step: Step, k: int, error: ErrorInfo | None) -> None:
        failed = [] if error is None else [(k, error)]
        hits = [k] if error is None else []
        self.tell(m.Prepared(self.at(), step.name, hits=hits, failed=failed))

    # ---- running -----------------------------------------------------------------------------------

    def _start(self, step: Step, items: Sequence[int], attempt: int) -> None:
        by_env: dict[tuple[tuple[str, str], ...], list[int]] = {}
        varied = any(varies_by_item(text) for text in step.env.values())
        for k in items:
            env = self.preparer.own(step, self._candidates[step.name, k]).env if varied else {}
            by_env.setdefault(tuple(sorted(env.items())), []).append(k)
        left = deque(by_env.items())
        shared = self.binder.shared_args(step)
        revived = self.state.steps[step.name].revived

        def done(ks: Sequence[int], outcomes: Sequence[Outcome]) -> None:
            if left and not self._stopped:
                send()
            else:
                undone = [k for _, more in left for k in more]
                left.clear()
                self.tell(m.BatchEnded(self.at(), step.name))
                self._came_back(step, undone, [NotRun()] * len(undone))
            self._came_back(step, ks, outcomes)

        def send() -> None:
            own, ks = left.popleft()
            job = self._job(step, "call", step.call, {**shared.env, **dict(own)})
            if not revived.isdisjoint(ks):  # what is stored leads to bytes that cannot be read
                job = job._replace(replace=True)
            tasks = []
            for k in ks:
                candidate = self._candidates[step.name, k]
                args = self.preparer.own(step, candidate)
                task_id = self.preparer.id_of(step, k)
                parts = {**shared.parts, **args.parts}
                tasks.append(Task(k, task_id, candidate.key, args.bound, parts, attempt))
            self._outbox.append((job, tasks, _Batch(step.name, ks, partial(done, ks))))

        send()  # one environment after the other: to the state they are one batch, which takes one slot

    def _job(self, step: Step, kind: str, call: str, env: Mapping[str, str]) -> Job:
        s = self.settings
        if kind != "call":
            return Job(kind, step.name, call, s.store, s.project, s.run_id, secrets=self.graph.secrets)
        return Job(
            kind, step.name, call, s.store, s.project, s.run_id,
            outputs=step.outputs,
            args=self.binder.shared_args(step).bound,
            env=env,
            check=step.check,
            secrets=self.graph.secrets,
            sources=self.code.recipe(step.name).sources if step.cache.enabled else {},
            timeout=step.timeout,
            replace=step.name in self.preparer.forced,
        )  # fmt: skip

    def _came_back(self, step: Step, items: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        good: list[int] = []
        seconds: list[float] = []
        undone: list[int] = []
        for k, outcome in zip(items, outcomes, strict=True):
            candidate = self._candidates[step.name, k]
            if outcome.log:
                attempt = self.state.steps[step.name].attempts.get(k, 0) + 1
                self._announce(TaskLogged(self.at(), step.name, k, attempt, outcome.log))
            if isinstance(outcome, Succeeded):
                self._landed(step, k, candidate, outcome.entry)
                error = self._publish(
                    step,
                    k,
                    partial(self._published, step, k, outcome.seconds),
                )
                if error is None:
                    good.append(k)
                    seconds.append(outcome.seconds)
                elif error is not _LATER:
                    self._failed(step, k, error, outcome.seconds)
            elif isinstance(outcome, Failed):
                self._computing.pop(candidate.key, None)
                self._failed(step, k, outcome.error, outcome.seconds)
            elif isinstance(outcome, InputLost):
                self._computing.pop(candidate.key, None)
                self._blob_lost(step.name, k, outcome.blobs, outcome.damaged)
                self._drain()
            else:
                undone.append(k)
        if good:
            self.tell(m.BatchSucceeded(self.at(), step.name, good, seconds))
        if undone:
            self.tell(m.NotStarted(self.at(), step.name, undone))

    def _landed(self, step: Step, k: int, candidate: Candidate, entry: Entry) -> None:
        self.binder.result(step.name).set_entry(k, entry)
        self._computing.pop(candidate.key, None)
        if step.cache.enabled:
            self.run_entries[candidate.key] = entry
        del self._candidates[step.name, k]

    def _failed(self, step: Step, k: int, error: ErrorInfo, seconds: float) -> None:
        self.tell(m.ItemFailed(self.at(), step.name, k, error, seconds, random.random()))

    def _blob_lost(self, step: str, k: int, blobs: Sequence[str], damaged: bool) -> None:
        """Find the tasks that gave what cannot be read, so that they run again."""
        wanted = set(blobs)
        producers = []
        for name in self.graph.steps[step].needs:
            for j, entry in enumerate(self.binder.result(name).entries):
                if entry is not None and any(a.blob in wanted for a in entry.outputs.values()):
                    producers.append((name, j))
                    self.run_entries.pop(entry.key, None)
        bound = self.expander.split_of(wanted) if not producers and k >= 0 else None
        if bound is not None and (step, k) in self._candidates:
            self._splits_lost[step, k] = self._splits_lost.get((step, k), 0) + 1
            if self._splits_lost[step, k] <= MAX_LOSSES:
                self._split_again(self.graph.steps[step], k, bound)
                return
        self._inbox.append(m.LostInputs(self.at(), step, k, producers, damaged))

    # ---- publishing --------------------------------------------------------------------------------

    def _publish(self, step: Step, k: int, later: Callable[[ErrorInfo | None], None]) -> Any:
        """Publish what a task gave: None when done, an ErrorInfo, or ``_LATER``."""
        if not step.publish:
            return None
        pending = []
        try:
            for path, bound in self.publishing.wanted(step, k):
                if self.publishing.needs_worker(path, bound):
                    pending.append((path, bound))
                else:
                    self._told_published(step, path)
        except (OSError, ValueError, BindError, BlobLost) as error:
            return self.publishing.failure(error)
        if not pending:
            return None
        errors: list[ErrorInfo] = []
        left = [len(pending)]

        def done(path: str, bound: Bound, outcomes: Sequence[Outcome]) -> None:
            left[0] -= 1
            error = self.publishing.rendered(path, bound, outcomes[0])
            if error is None:
                self._told_published(step, path)
            else:
                errors.append(error)
            if left[0] == 0:
                later(errors[0] if errors else None)

        for path, bound in pending:
            job = self._job(step, "render", self.publishing.suffix(path), {})
            task = Task(
                k, f"{step.name} (publishing)", self.publishing.key(path, bound), {"value": bound}, {}
            )
            batch = _Batch(step.name, [k], partial(done, path, bound))
            self._outbox.append((job, [task], batch))
        return _LATER

    def _told_published(self, step: Step, path: str) -> None:
        if self.publishing.changed:
            self._announce(Published(self.at(), step.name, self.publishing.shown(path)))

    def _published(self, step: Step, k: int, seconds: float, error: ErrorInfo | None) -> None:
        if error is None:
            self.tell(m.BatchSucceeded(self.at(), step.name, [k], [seconds]))
        else:
            self._failed(step, k, error, seconds)


_LATER: Any = object()
