"""A pipeline, loaded: the composition root of planning, running and checking."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import PipelineError, Place, Problem, PrunError
from .loading import DEFAULT_FILE, from_here, load_graph

if TYPE_CHECKING:  # what the warm path does without is imported where it is used: start-up counts
    from ..model.graph import Graph
    from ..view.graph.drawing import Drawing
    from .live_logs import Printer
    from .plan import Plan
    from .run import Run
    from .session import Session
    from .warm import Stamps
    from .why import Reached, Why

DEFAULT_BACKEND = "loky"
BACKENDS = frozenset({"loky", "threading", "sequential", "multiprocessing"})  # there, whatever is installed


class Pipeline:
    """A pipeline file with its params bound.

    Example:
        >>> from pipeline_runner import Pipeline
        >>> pipeline = Pipeline.load("pipeline.yaml", params={"warm": 20.0})
        >>> pipeline
        <Pipeline demo: 4 steps>
        >>> pipeline.plan().summary["undecided"]
        0
        >>> run = pipeline.run(backend="sequential")
        >>> [city["warm_months"] for city in run.output("describe")]
        [0, 5, 5]
        >>> print(pipeline.draw("text"))          # doctest: +ELLIPSIS
        demo: 4 steps, run ...
    """

    def __init__(
        self,
        graph: Graph,
        params: Mapping[str, Any],
        *,
        store: str | None = None,
        place: Callable[[tuple[str | int, ...]], Place | None] = lambda path: None,
        graph_id: str = "",
    ) -> None:
        self.graph = graph
        self.params = params
        self._store = store
        self._place = place
        self._graph_id = graph_id

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] = DEFAULT_FILE,
        params: Mapping[str, Any] | None = None,
        *,
        overrides: Sequence[str] = (),
        profile: str | None = None,
        store: str | None = None,
    ) -> Pipeline:
        """Load, validate and resolve a pipeline file.

        Args:
            path: the file, or a folder that holds a ``pipeline.yaml``.
            params: values that replace the file's (and the profile's), typed like them.
            overrides: the same as ``NAME=VALUE`` texts, as ``prun run -p`` takes them.
            profile: a profile of the file to overlay.
            store: an fsspec URL or a folder, instead of the file's.

        Raises:
            PipelineError: with every problem found, each with its place.
        """
        found = load_graph(path, params, overrides, profile, from_here(store))
        pipeline = cls(
            found.graph, found.params, store=from_here(store), place=found.places, graph_id=found.graph_id
        )
        if found.errors:
            from ..resolve.order import sort_problems

            raise PipelineError(sort_problems([*found.errors, *pipeline._more_problems(found.calls)]))
        return pipeline

    @property
    def name(self) -> str:
        return self.graph.name

    @property
    def root(self) -> str:
        """The pipeline file's folder, absolute: where its tasks run."""
        return self.graph.root

    @property
    def steps(self) -> Sequence[str]:
        """The steps' names, each after all that it needs."""
        return list(self.graph.steps)

    def plan(
        self,
        select: Sequence[str] = (),
        force: Sequence[str] = (),
        *,
        jobs: int | None = None,
        paranoid: bool = False,
    ) -> Plan:
        """What would run and why. Runs and imports none of the user's code.

        Raises:
            PipelineError: a selection names nothing, or a callable cannot be found.
        """
        session = self._session(paranoid)
        if not (select or force or paranoid) and (stamps := self._stamps(session)) is not None:
            stamp = stamps.find()
            if stamp is not None:
                from .rerun import planned

                session.save_indexes()
                return planned(session, stamp)
        from .plan import Plan
        from .selection import looked_at
        from .wiring import plan_rows

        graph, chosen, forced = looked_at(self.graph, select, force)
        self._refuse(session, list(graph.steps), self._backend(None))
        rows = plan_rows(session, graph, forced)
        session.save_indexes()
        shown = [row for row in rows if row.step in chosen]
        return Plan.of(self.name, shown, self._workers(jobs))

    def run(
        self,
        backend: str | None = None,
        jobs: int | None = None,
        select: Sequence[str] = (),
        force: Sequence[str] = (),
        *,
        fail_fast: bool = False,
        paranoid: bool = False,
        observers: Sequence[Callable[[Any], None]] = (),
        publish: bool = True,
        printed: Printer | None = None,
    ) -> Run:
        """Run what is not up to date.

        Args:
            backend: loky (the default), threading, sequential, multiprocessing, or the name of another
                backend that joblib knows: one that a module registers as MODULE:NAME.
            jobs: how many workers; the file's, else one for each core.
            select: steps to run, in dbt's notation; all of them by default.
            force: steps to run although they are up to date.
            fail_fast: stop at the first failure instead of running what does not need it.
            paranoid: trust no time stamp and no stored bytes.
            observers: called with every event.
            publish: False leaves out what ``publish`` would write.
            printed: called with a task's id and what it has printed so far, while it runs.

        Raises:
            PrunError: something is wrong before anything ran. A failing step raises nothing: see
                ``Run.status`` and ``Run.tasks``.
        """
        name = self._backend(backend)
        workers = self._workers(jobs)
        session = self._session(paranoid)
        stamps = None if paranoid else self._stamps(session)
        if stamps is not None and not (select or force or self.graph.on_success):
            stamp = stamps.find(publish=publish)
            # of any other backend, a run that got so far proves that it is there: joblib need not be asked
            if stamp is not None and (name in BACKENDS or name == stamp.backend):
                from .rerun import rerun

                session.save_indexes()  # of a file that was touched, say: or it would be read every time
                return rerun(session, stamp, name, workers, observers)
        from .first_worker import first_worker
        from .selection import looked_at, refuse_unselected

        selected = looked_at(self.graph, select, force)
        self._refuse(session, list(selected.graph.steps), name, load=True)
        refuse_unselected(session, selected)
        workers = 1 if name == "sequential" else workers
        with first_worker(session, selected, name, workers) as pool:
            from .execute import Asked, execute

            asked = Asked(name, workers, fail_fast, publish, observers, printed, pool)
            return execute(session, selected, asked, stamps)

    def check(self) -> list[Problem]:
        """Everything that can be wrong before a run; warnings too. Empty when all is well."""
        from .preflight import Preflight

        session = self._session(False)
        preflight = Preflight(session, self._backend(None), self._place, load=True)
        found = preflight.problems(self.graph.steps, lint=True)
        session.save_indexes()
        return found

    def why(self, task: str) -> Why:
        """What changed in a task's cache key since its last success.

        Raises:
            PipelineError: there is no such task.
        """
        from .why import explain_task

        session = self._session(False)
        self._refuse(session, list(self.graph.steps), self._backend(None))
        return explain_task(session, self.graph, task)

    def reached(self, step: str) -> list[Reached]:
        """What a step's callable reaches in the project, from where and why: the code of its key.

        Raises:
            PipelineError: there is no such step.
        """
        from .why import explain_code

        return explain_code(self._session(False), self.graph, step)

    def __repr__(self) -> str:
        count = len(self.graph.steps)
        return f"<Pipeline {self.name}: {count} step{'s' if count != 1 else ''}>"

    def _repr_html_(self) -> str:
        return self.draw("svg")

    def drawing(self) -> Drawing:
        """The graph as a drawing, with what the last run made of it."""
        from .graph_view import drawing_of, last_run

        return drawing_of(self.graph, last_run(self.graph, self._store))

    def draw(self, format: str = "svg") -> str:
        """The graph as ``text``, ``mermaid``, ``dot`` or ``svg``, as ``prun graph`` draws it."""
        from .graph_view import draw

        return draw(self.drawing(), format)

    def _more_problems(self, calls: Sequence[tuple[tuple[str | int, ...], str]]) -> list[Problem]:
        """What else is wrong with the steps that could be resolved, and with the calls of the others."""
        from .preflight import Preflight

        try:
            preflight = Preflight(self._session(False), self._backend(None), self._place)
            errors = [found for found in preflight.callables(calls) if found.severity == "error"]
            return preflight.problems(self.graph.steps) + errors
        except PrunError as error:
            return list(error.problems)

    # ---- inside ----------------------------------------------------------------------------------

    def _stamps(self, session: Session) -> Stamps | None:
        """What tells at a glance that nothing changed; None where the graph is not kept compiled."""
        if not self._graph_id:
            return None
        from .warm import Stamps

        return Stamps(session, self._graph_id)

    def _session(self, paranoid: bool) -> Session:
        from .session import Session

        try:
            return Session(self.graph, self.params, self._store, paranoid=paranoid)
        except PrunError as error:
            if self.graph.sign is None and (self._store is not None or self.graph.store is None):
                raise  # not of what the file says
            where = self._place(("store",))
            raise type(error)([p._replace(where=p.where or where) for p in error.problems]) from None

    def _backend(self, backend: str | None) -> str:
        return backend or self.graph.executor.backend or DEFAULT_BACKEND

    def _workers(self, jobs: int | None) -> int:
        if jobs is None:
            return self.graph.executor.workers or os.cpu_count() or 1
        if type(jobs) is not int or jobs < 1:
            raise PipelineError(Problem("jobs", f"jobs must be a whole number of 1 or more, not {jobs!r}"))
        return jobs

    def _refuse(self, session: Session, steps: Sequence[str], backend: str, *, load: bool = False) -> None:
        from .preflight import Preflight

        problems = Preflight(session, backend, self._place, load=load).problems(steps)
        if problems:
            raise PipelineError(problems)


__all__ = ["Pipeline", "PrunError"]
