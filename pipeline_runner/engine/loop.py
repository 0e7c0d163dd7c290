"""The one loop that obeys the state machine's commands, through the ports.

It tells the state what happened and does what the state asks for: finds items, has tasks looked up,
sent to workers and published, keeps timers. All deciding is the state's.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from ..errors import BlobLost
from ..model.event import CodeMissed, Event, HookEnded, Published, TaskFailed, TaskLogged, TasksCancelled
from ..model.graph import Step
from ..model.outcome import ErrorInfo, Failed, InputLost, NotRun, Outcome, Succeeded
from . import messages as m
from .depends import varies_by_item, when_varies
from .dispatch import Dispatcher
from .expand import Expander, SplitNeeded
from .hooks import Hook, hook_error, hook_task
from .jobs import Jobs
from .ports import Clock, Observer
from .prepare import bind_failure
from .publishing import Copies, Publishing
from .references import BindError
from .results import Unknown
from .reuse import Reuse
from .splitting import Splitting
from .state import State
from .timers import Timers

POLL_SECONDS = 0.25  # how long a stop request may go unnoticed while workers are busy
GRACE_SECONDS = 5.0  # what running tasks get after a stop request


class Abandoned(KeyboardInterrupt):
    """The user asked a second time to stop, while there was no way to listen."""


class Loop:
    """Runs a graph to its end. One for each run."""

    def __init__(
        self,
        state: State,
        reuse: Reuse,
        expander: Expander,
        publishing: Publishing,
        jobs: Jobs,
        dispatcher: Dispatcher,
        clock: Clock,
        observers: Sequence[Observer],
    ) -> None:
        self.state = state
        self.reuse = reuse
        self.preparer = reuse.preparer
        self.binder = reuse.binder
        self.graph = reuse.binder.graph
        self.expander = expander
        self.publishing = publishing
        self.jobs = jobs
        self.dispatcher = dispatcher
        self.splitting = Splitting(expander, self.preparer, jobs, dispatcher)
        self.clock = clock
        self.observers = observers
        self.stop_requests = 0  # set from outside, by a signal's handler
        self._stopped = False
        self._began = clock.now()
        self._inbox: deque[m.Told] = deque()
        self._timers = Timers()

    @property
    def waiting(self) -> bool:
        """For workers; else at work itself."""
        return self.dispatcher.waiting

    @property
    def inline(self) -> bool:
        """Whether tasks run in this thread, so that only an exception stops one."""
        return bool(getattr(self.dispatcher.pool, "inline", False))

    @property
    def interruptible(self) -> bool:
        """Whether a KeyboardInterrupt would now hit a task, and nothing but a task."""
        return bool(getattr(self.dispatcher.pool, "busy", False))

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
            self.dispatcher.close()

    def _work(self) -> None:
        while not self.state.finished or self.dispatcher.busy:
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

        job, task = hook_task(hook, self.jobs.internal("hook", hook.when))
        self.dispatcher.add(job, [task], done)

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
        dispatcher = self.dispatcher
        dispatcher.send()
        if (free := dispatcher.room) > 0:
            self.tell(m.SlotsFree(self.at(), free))
            dispatcher.send()
        if dispatcher.flying:
            self.reuse.ahead()
            dispatcher.land(min(POLL_SECONDS, self._timers.wait(self.at(), POLL_SECONDS) or 0.0))
        elif not dispatcher.busy and not self.state.finished:
            wait = self._timers.wait(self.at(), None)
            if wait is None:
                raise AssertionError("nothing runs and nothing is left to start: a bug")
            self.clock.sleep(min(wait, POLL_SECONDS))

    def _stop(self) -> None:
        """Start nothing more; end what runs. A second request ends it at once."""
        grace = 0.0 if self._stopped or self.stop_requests > 1 else GRACE_SECONDS
        self.stop_requests = 0
        if not self._stopped:
            self._stopped = True
            self.dispatcher.drop()
            self.tell(m.StopRequested(self.at()))
        self.dispatcher.stop(grace)

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
            self.reuse.failed(event.step, event.item)
        elif isinstance(event, TasksCancelled):
            self.reuse.given_up(event.step, event.items)
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
                self._split(step, split)
            else:
                self._inbox.append(m.Expanded(at, step.name, None))
        except BlobLost as lost:
            self._blob_lost(step, -1, [lost.blob], lost.damaged)
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

    def _split(self, step: Step, split: SplitNeeded) -> None:
        def ready() -> None:
            self._expand(step, True)
            self._drain()

        def failed(why: InputLost | ErrorInfo) -> None:
            if isinstance(why, InputLost):
                self._blob_lost(step, -1, why.blobs, why.damaged)
                self._drain()
            elif not self._stopped:
                self.tell(m.ExpandFailed(self.at(), step.name, why))

        self.splitting.split(step, split.lists, ready, failed)

    def _split_again(self, step: Step, k: int, outcome: Outcome) -> None:
        """The list that the item was an element of was split anew: the task goes again."""
        if isinstance(outcome, InputLost):
            self._blob_lost(step, k, outcome.blobs, outcome.damaged)
            self._drain()
        elif isinstance(outcome, Failed):
            self._failed(step, k, outcome.error, outcome.seconds)
        else:
            self.tell(m.NotStarted(self.at(), step.name, [k]))

    def _drain(self) -> None:
        if self._inbox:
            self.tell(self._inbox.popleft())

    # ---- looking up ------------------------------------------------------------------------------

    def _prepare(self, step: Step, items: Sequence[int], again: bool) -> None:
        try:
            told = self.reuse.prepare(self.at(), step, items, again)
        except BlobLost as lost:
            for k in items:
                self._blob_lost(step, k, [lost.blob], lost.damaged)
            return
        self._inbox.append(self._publish_hits(step, told) if step.publish and told.hits else told)

    def _publish_hits(self, step: Step, told: m.Prepared) -> m.Prepared:
        """Restore what reused tasks published; those that need a worker for it are told later."""

        def later(k: int, copies: Copies) -> None:
            self._told_published(step, copies)
            if copies.lost:
                self._prepare(step, [k], again=True)
                self._drain()
                return
            failed = [(k, copies.error)] if copies.error is not None else []
            hits = [] if failed else [k]
            self.tell(m.Prepared(self.at(), step.name, hits=hits, failed=failed))

        hits = []
        lost = []
        failed = list(told.failed)
        for k in told.hits:
            copies = self.publishing.publish(step, k, partial(later, k))
            self._told_published(step, copies)
            if copies.lost:
                lost.append(k)
            elif copies.error is not None:
                failed.append((k, copies.error))
            elif not copies.later:
                hits.append(k)
        if lost:  # they looked reusable, and their bytes cannot be read
            self._prepare(step, lost, again=True)
        return told._replace(hits=hits, failed=failed)

    def _told_published(self, step: Step, copies: Copies) -> None:
        for path in copies.written:
            self._announce(Published(self.at(), step.name, path))

    # ---- running -----------------------------------------------------------------------------------

    def _start(self, step: Step, items: Sequence[int], attempt: int) -> None:
        by_env: dict[tuple[tuple[str, str], ...], list[int]] = {}
        varied = any(varies_by_item(text) for text in step.env.values())
        candidates = self.reuse.candidates
        for k in items:
            env = self.preparer.own(step, candidates[step.name, k]).env if varied else {}
            by_env.setdefault(tuple(sorted(env.items())), []).append(k)
        left = deque(by_env.items())
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
            job = self.jobs.call(step, dict(own))
            if not revived.isdisjoint(ks):  # what is stored leads to bytes that cannot be read
                job = job._replace(replace=True)
            tasks = [self.jobs.task(step, candidates[step.name, k], attempt) for k in ks]
            self.dispatcher.add(job, tasks, partial(done, ks))

        send()  # one environment after the other: to the state they are one batch, which takes one slot

    def _came_back(self, step: Step, items: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        good: list[int] = []
        seconds: list[float] = []
        undone: list[int] = []
        for k, outcome in zip(items, outcomes, strict=True):
            if outcome.log:
                attempt = self.state.steps[step.name].attempts.get(k, 0) + 1
                self._announce(TaskLogged(self.at(), step.name, k, attempt, outcome.log))
            if isinstance(outcome, Succeeded):
                if outcome.unforeseen:
                    self._announce(CodeMissed(self.at(), step.name, k, outcome.unforeseen))
                self.reuse.landed(step, k, outcome.entry)
                copies = self.publishing.publish(step, k, partial(self._published, step, k, outcome.seconds))
                self._told_published(step, copies)
                if copies.error is not None:
                    self._failed(step, k, copies.error, outcome.seconds)
                elif not copies.later:
                    good.append(k)
                    seconds.append(outcome.seconds)
            elif isinstance(outcome, Failed):
                self.reuse.missed(step.name, k)
                self._failed(step, k, outcome.error, outcome.seconds)
            elif isinstance(outcome, InputLost):
                self.reuse.missed(step.name, k)
                self._blob_lost(step, k, outcome.blobs, outcome.damaged)
                self._drain()
            else:
                undone.append(k)
        if good:
            self.tell(m.BatchSucceeded(self.at(), step.name, good, seconds))
        if undone:
            self.tell(m.NotStarted(self.at(), step.name, undone))

    def _published(self, step: Step, k: int, seconds: float, copies: Copies) -> None:
        self._told_published(step, copies)
        if copies.error is None:
            self.tell(m.BatchSucceeded(self.at(), step.name, [k], [seconds]))
        else:
            self._failed(step, k, copies.error, seconds)

    def _failed(self, step: Step, k: int, error: ErrorInfo, seconds: float) -> None:
        self.tell(m.ItemFailed(self.at(), step.name, k, error, seconds, random.random()))

    def _blob_lost(self, step: Step, k: int, blobs: Sequence[str], damaged: bool) -> None:
        """Have the tasks run again that gave what cannot be read."""
        producers = self.reuse.lost(step, blobs)
        if not producers and k >= 0 and (step.name, k) in self.reuse.candidates:

            def done(outcomes: Sequence[Outcome]) -> None:
                self._split_again(step, k, outcomes[0])

            if self.splitting.again(step, k, blobs, done):
                return
        self._inbox.append(m.LostInputs(self.at(), step.name, k, producers, damaged))
