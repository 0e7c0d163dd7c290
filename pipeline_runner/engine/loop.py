"""The one loop that obeys the state machine's commands, through the ports.

It tells the state what happened and does what the state asks for: finds items, has tasks looked up,
sent to workers and published, keeps timers. All deciding is the state's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from ..errors import BlobLost
from ..model.event import Event, HookEnded, Published, TaskFailed, TasksCancelled
from ..model.graph import Step
from ..model.outcome import ErrorInfo, InputLost, Outcome
from . import messages as m
from .depends import when_varies
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
from .running import Running
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
        self.running = Running(self)
        self.splitting = Splitting(expander, self.preparer, jobs, dispatcher)
        self.clock = clock
        self.observers = observers
        reuse.expect = dispatcher.expect
        self.aside: Callable[[], None] = lambda: None  # called while workers are busy, to do what can wait
        self.stop_requests = 0  # set from outside, by a signal's handler
        self.stopped = False
        self._began = clock.now()
        self.inbox: deque[m.Told] = deque()
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
            if not (self.graph.on_success or self.graph.on_failure):
                self.dispatcher.retire()
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
            self.announce(HookEnded(self.at(), hook.when, hook.call, hook_error(outcome), outcome.log))

        job, task = hook_task(hook, self.jobs.internal("hook", hook.when))
        self.dispatcher.add(job, [task], done)

    def at(self) -> float:
        return self.clock.now() - self._began

    def tell(self, told: m.Told) -> None:
        """Tell the state, obey, and so on until there is nothing more to say."""
        self.inbox.append(told)
        while self.inbox:
            for command in self.state.advance(self.inbox.popleft()):
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
            self.aside()
            dispatcher.land(min(POLL_SECONDS, self._timers.wait(self.at(), POLL_SECONDS) or 0.0))
        elif not dispatcher.busy and not self.state.finished:
            wait = self._timers.wait(self.at(), None)
            if wait is None:
                raise AssertionError("nothing runs and nothing is left to start: a bug")
            self.clock.sleep(min(wait, POLL_SECONDS))

    def _stop(self) -> None:
        """Start nothing more; end what runs. A second request ends it at once."""
        grace = 0.0 if self.stopped or self.stop_requests > 1 else GRACE_SECONDS
        self.stop_requests = 0
        if not self.stopped:
            self.stopped = True
            self.dispatcher.drop()
            self.tell(m.StopRequested(self.at()))
        self.dispatcher.stop(grace)

    # ---- obeying ---------------------------------------------------------------------------------

    def _obey(self, command: m.Command) -> None:
        match command:
            case m.Announce():
                self.announce(command.event)
            case m.Prepare():
                self._prepare(self.graph.steps[command.step], command.items, command.again)
            case m.Start():
                self.running.start(self.graph.steps[command.step], command.items, command.attempt)
            case m.Expand():
                self._expand(self.graph.steps[command.step], command.ask)
            case m.SetTimer():
                self._timers.set(self.at() + command.seconds, command.step, command.item)

    def announce(self, event: Event) -> None:
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
                self.inbox.append(m.WhenFalse(at, step.name))
                return
            items = self.expander.expand(step)
        except SplitNeeded as split:
            if ask:
                self._split(step, split)
            else:
                self.inbox.append(m.Expanded(at, step.name, None))
        except BlobLost as lost:
            self.running.blob_lost(step, -1, [lost.blob], lost.damaged)
        except (BindError, Unknown) as error:
            if ask and isinstance(error, BindError):
                self.inbox.append(m.ExpandFailed(at, step.name, bind_failure(error)))
            elif ask:
                raise
            else:
                self.inbox.append(m.Expanded(at, step.name, None))
        else:
            result.expand(items)
            self.inbox.append(m.Expanded(at, step.name, len(items), items.keys))

    def _split(self, step: Step, split: SplitNeeded) -> None:
        def ready() -> None:
            self._expand(step, True)
            self.drain()

        def failed(why: InputLost | ErrorInfo) -> None:
            if isinstance(why, InputLost):
                self.running.blob_lost(step, -1, why.blobs, why.damaged)
                self.drain()
            elif not self.stopped:
                self.tell(m.ExpandFailed(self.at(), step.name, why))

        self.splitting.split(step, split.lists, ready, failed)

    def drain(self) -> None:
        if self.inbox:
            self.tell(self.inbox.popleft())

    # ---- looking up ------------------------------------------------------------------------------

    def _prepare(self, step: Step, items: Sequence[int], again: bool) -> None:
        try:
            told = self.reuse.prepare(self.at(), step, items, again)
        except BlobLost as lost:
            for k in items:
                self.running.blob_lost(step, k, [lost.blob], lost.damaged)
            return
        self.inbox.append(self._publish_hits(step, told) if step.publish and told.hits else told)

    def _publish_hits(self, step: Step, told: m.Prepared) -> m.Prepared:
        """Restore what reused tasks published; those that need a worker for it are told later."""

        def later(k: int, copies: Copies) -> None:
            self.told_published(step, copies)
            if copies.lost:
                self._prepare(step, [k], again=True)
                self.drain()
                return
            failed = [(k, copies.error)] if copies.error is not None else []
            hits = [] if failed else [k]
            self.tell(m.Prepared(self.at(), step.name, hits=hits, failed=failed))

        hits = []
        lost = []
        failed = list(told.failed)
        for k in told.hits:
            copies = self.publishing.publish(step, k, partial(later, k))
            self.told_published(step, copies)
            if copies.lost:
                lost.append(k)
            elif copies.error is not None:
                failed.append((k, copies.error))
            elif not copies.later:
                hits.append(k)
        if lost:  # they looked reusable, and their bytes cannot be read
            self._prepare(step, lost, again=True)
        return told._replace(hits=hits, failed=failed)

    def told_published(self, step: Step, copies: Copies) -> None:
        for path in copies.written:
            self.announce(Published(self.at(), step.name, path))
