"""An engine in a world of dictionaries: a cache, workers and files that are in memory.

    world = World(tmp_path, "steps: {a: {call: m:a}}", a=lambda: 1)
    world.run()
    world.calls == ["a"]

A step's callable is the Python function given by its step's name (or set in ``world.functions``).
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pipeline_runner.engine.bind import Binder
from pipeline_runner.engine.dispatch import Dispatcher
from pipeline_runner.engine.expand import Expander
from pipeline_runner.engine.items import Items
from pipeline_runner.engine.jobs import Jobs, Settings
from pipeline_runner.engine.loop import Loop
from pipeline_runner.engine.plan import Planner
from pipeline_runner.engine.ports import Done
from pipeline_runner.engine.prepare import Preparer
from pipeline_runner.engine.publishing import Publishing
from pipeline_runner.engine.reuse import Reuse
from pipeline_runner.engine.state import State
from pipeline_runner.errors import BlobLost
from pipeline_runner.keys.canonical import dumps, is_plain, loads, plain_digest
from pipeline_runner.keys.deeper import go_deeper
from pipeline_runner.keys.digest import combine, digest
from pipeline_runner.model.artifact import ArgPart, Artifact, CacheKey, Damaged, Entry, Recipe
from pipeline_runner.model.bound import Bound, Deep, FileArg, Inline, Many, Named, Secret, Stored
from pipeline_runner.model.decision import PlannedTask
from pipeline_runner.model.event import TasksReused, TasksStarted
from pipeline_runner.model.graph import Graph
from pipeline_runner.model.outcome import ErrorInfo, Failed, InputLost, NotRun, Outcome, Succeeded
from pipeline_runner.model.table import Found
from pipeline_runner.model.work import Job, Project, Task
from pipeline_runner.resolve.build import build
from pipeline_runner.spec.load import load

INLINE = 100  # characters of plain data that stand in an artifact


class Opaque:
    """A value that is no plain data: only a worker can open it."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getitem__(self, key: Any) -> Any:
        return self.inner[key]

    def __repr__(self) -> str:
        return f"Opaque({self.inner!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and self.inner == other.inner

    __hash__ = None  # type: ignore[assignment]


class MemoryCache:
    """Entries and blobs in dictionaries."""

    def __init__(self) -> None:
        self.entries: dict[CacheKey, Entry | Damaged] = {}
        self.blobs: dict[str, Any] = {}
        self.read_ahead: list[str] = []

    def lookup(self, keys: Sequence[CacheKey]) -> Mapping[CacheKey, Entry | Damaged]:
        return {k: self.entries[k] for k in keys if k in self.entries}

    def find(self, recipe: str, args: Sequence[str]) -> Found:
        return Found.of(recipe, args, self.entries)

    def ahead(self, recipe: str) -> None:
        self.read_ahead.append(recipe)

    def recipe_entries(self, recipe: str) -> Iterable[Entry]:
        return [e for k, e in self.entries.items() if k.recipe == recipe and isinstance(e, Entry)]

    def prove(self, outputs: Mapping[str, Artifact], thorough: bool) -> Damaged | None:
        lost = [a.blob for a in outputs.values() if a.blob is not None and a.blob not in self.blobs]
        return Damaged("missing", lost[0]) if lost else None

    def plain(self, artifact: Artifact) -> Any:
        return loads(artifact.inline) if artifact.inline is not None else self.read(artifact)

    def commit(self, entries: Sequence[Entry], replace: bool = False) -> None:
        for entry in entries:
            self.entries[entry.key] = entry

    def read(self, artifact: Artifact) -> Any:
        if artifact.inline is not None:
            return loads(artifact.inline)
        assert artifact.blob is not None
        if artifact.blob not in self.blobs:
            raise BlobLost(artifact.blob, False)
        return self.blobs[artifact.blob]

    def store(self, value: Any) -> Artifact:
        if not is_plain(value):
            name = digest(repr(value).encode())
            self.blobs[name] = value
            return Artifact(name, "pickle", 1, None, name, ("mod:Opaque",), "Opaque")
        text = dumps(value)
        if len(text) <= INLINE:
            return Artifact(plain_digest(value), "data", len(text), text)
        name = digest(text.encode())
        self.blobs[name] = value
        return Artifact(plain_digest(value), "data", len(text), None, name)

    def value(self, bound: Bound) -> Any:
        match bound:
            case Inline():
                return bound.value
            case Stored():
                return self.read(bound.artifact)
            case Many():
                return [self.value(b) for b in bound.items]
            case Named():
                return {n: self.value(b) for n, b in bound.items}
            case Deep():
                found = self.value(bound.base)
                for part in bound.path:
                    found = found[part] if isinstance(found, Opaque) else go_deeper(found, [part])
                return found
            case FileArg():
                return list(bound.paths) if bound.many else bound.paths[0]
            case Secret():
                return f"secret {bound.name}"


class MemoryCode:
    """``versions``: a step's code is its version; ``classes``: that of project classes."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.versions: dict[str, str] = {}
        self.classes = "1"

    def recipe(self, step: str) -> Recipe:
        made = self.graph.steps[step]
        code = {made.call: self.versions.get(step, "1")}
        version = made.cache.version or ""
        whole = combine("recipe", [made.call, code[made.call], version, *(made.outputs or ())])
        return Recipe(whole, code, {}, "3.11", version, {}, made.outputs, {})

    def classes_digest(self, classes: tuple[str, ...]) -> str:
        return self.classes


class MemoryFiles:
    """Path -> content."""

    def __init__(self) -> None:
        self.contents: dict[str, str] = {}

    def track(self, value: str | Sequence[str]) -> Any:
        names = [value] if isinstance(value, str) else list(value)
        for name in names:
            if name not in self.contents:
                raise FileNotFoundError(2, "No such file or directory", name)
        whole = combine("files", [part for n in names for part in (n, self.contents[n])])
        return _Tracked(
            tuple(f"/project/{n}" for n in names), whole, not isinstance(value, str), ", ".join(names)
        )


class _Tracked(NamedTuple):
    paths: tuple[str, ...]
    digest: str
    many: bool
    what: str
    seen: tuple[tuple[Any, ...], ...] = ()


class MemoryHistory:
    """The entries that the last runs gave, by step and item."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str | None], Entry] = {}
        self.recipes: dict[str, Recipe] = {}
        self.times: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    def previous(self, step: str, key: str | None, parts: Mapping[str, ArgPart]) -> Entry | None:
        return self.entries.get((step, key))

    def gone(self, step: str, key: str | None, recipe: str) -> None:
        return None

    def had(self, step: str, key: CacheKey) -> bool:
        return any(entry.key == key for (name, _), entry in self.entries.items() if name == step)

    def recipe(self, digest: str) -> Recipe | None:
        return self.recipes.get(digest)

    def tasks(self, step: str) -> int | None:
        return self.counts.get(step)

    def ahead(self, step: str) -> None:
        pass

    def seconds(self, step: str) -> float | None:
        return self.times.get(step)


class MemoryPublisher:
    """Path -> value; what ends in .csv needs a worker."""

    def __init__(self, cache: MemoryCache) -> None:
        self.cache = cache
        self.files: dict[str, Any] = {}
        self.digests: dict[str, str] = {}
        self.writes: list[str] = []

    def current(self, path: str, digest: str) -> bool:
        return path in self.files and self.digests.get(path) == digest

    def write(self, path: str, bound: Bound) -> bool:
        if path.endswith(".csv"):
            return False
        if path.endswith(".bad"):
            raise ValueError("no such format")
        self._keep(path, self.cache.value(bound), bound.digest)
        return True

    def place(self, path: str, rendered: Artifact, digest: str) -> None:
        self._keep(path, self.cache.read(rendered), digest)

    def shown(self, path: str) -> str:
        return path

    def _keep(self, path: str, value: Any, digest: str) -> None:
        self.files[path], self.digests[path] = value, digest
        self.writes.append(path)


class Clock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.slept.append(seconds)


class MemoryPool:
    """Calls functions here when it is waited for, the oldest batch first."""

    def __init__(self, world: World, workers: int) -> None:
        self.world = world
        self.workers = workers
        self.batches: list[tuple[int, Job, Sequence[Task]]] = []
        self.closed = False

    def retire(self) -> None:
        pass

    def expect(self) -> None:
        self.world.on_expected()

    def submit(self, ticket: int, job: Job, tasks: Sequence[Task]) -> None:
        assert self.free() > 0
        self.batches.append((ticket, job, tasks))

    def free(self) -> int:
        return self.workers - len(self.batches)

    def wait(self, timeout: float | None) -> Sequence[Done]:
        assert self.batches, "waiting for nothing"
        self.world.clock.time += 0.001
        ticket, job, tasks = self.batches.pop(0)
        return [Done(ticket, [self.world.perform(job, task) for task in tasks])]

    def stop(self, grace: float) -> None:
        self.batches = [(t, job._replace(kind="stopped"), tasks) for t, job, tasks in self.batches]

    def close(self) -> None:
        self.closed = True


class World:
    """A pipeline, and everything that lives longer than one of its runs."""

    def __init__(self, folder: Path, text: str, **functions: Callable[..., Any]) -> None:
        file = folder / "pipeline.yaml"
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        loaded = load(file)
        self.graph = build(loaded)
        self.params = dict(loaded.params)
        self.functions = functions
        self.cache = MemoryCache()
        self.code = MemoryCode(self.graph)
        self.files = MemoryFiles()
        self.history = MemoryHistory()
        self.publisher = MemoryPublisher(self.cache)
        self.clock = Clock()
        self.calls: list[str] = []  # ids of the tasks called since the last run began
        self.events: list[Any] = []
        self.jobs: list[tuple[Job, Task]] = []
        self.runs = 0
        self.on_call: Callable[[str], None] = lambda task: None
        self.on_expected: Callable[[], None] = lambda: None

    # ---- what a run needs ----------------------------------------------------------------------------

    def binder(self) -> Binder:
        return Binder(self.graph, self.params, f"run-{self.runs}", self.cache, self.code, self.files)

    def run(
        self, *, workers: int = 2, force: Sequence[str] = (), publish: bool = True, **options: Any
    ) -> State:
        self.runs += 1
        self.calls, self.events, self.jobs = [], [], []
        self.state = State(self.graph, workers=workers, **options)
        self.bound = self.binder()
        preparer = Preparer(self.bound, self.cache, self.code, frozenset(force))
        dispatcher = Dispatcher(lambda: MemoryPool(self, workers), workers)
        jobs = Jobs(preparer, Settings(self.bound.run_id, "memory://", Project("/project", ())))
        self.loop = Loop(
            self.state, Reuse(preparer, self.history), Expander(self.bound),
            Publishing(jobs, dispatcher, self.publisher, enabled=publish),
            jobs, dispatcher, self.clock, [self.events.append],
        )  # fmt: skip
        assert self.loop.run() == self.state.status
        for name, result in self.bound.results.items():
            for k in result.table.there():
                entry = self.cache.entries.get(result.table.key(k))
                if isinstance(entry, Entry):
                    key = result.items.keys[k] if isinstance(result.items, Items) else None
                    self.history.entries[name, key] = entry
                    self.history.recipes[entry.key.recipe] = self.code.recipe(name)
        return self.state

    def plan(self, *, force: Sequence[str] = ()) -> list[PlannedTask]:
        binder = self.binder()
        preparer = Preparer(binder, self.cache, self.code, frozenset(force))
        return Planner(self.graph, binder, Expander(binder), preparer, self.code, self.history).plan()

    # ---- a worker ------------------------------------------------------------------------------------

    def perform(self, job: Job, task: Task) -> Outcome:
        if job.kind == "stopped":
            return NotRun()
        self.jobs.append((job, task))
        try:
            args = {name: self.cache.value(b) for name, b in {**job.args, **task.args}.items()}
        except BlobLost as lost:
            return InputLost((lost.blob,), lost.damaged)
        if job.kind == "split":
            outputs = {str(i): self.cache.store(v) for i, v in enumerate(args["value"].inner)}
        elif job.kind == "render":
            outputs = {"": self.cache.store(f"{job.call}: {args['value']}")}
        else:
            self.calls.append(task.id)
            self.on_call(task.id)
            try:
                value = self.functions[job.step](**args)
            except Exception as error:
                types = tuple(c.__name__ for c in type(error).__mro__)
                return Failed(ErrorInfo("exception", f"{type(error).__name__}: {error}", types), 1.0)
            if isinstance(value, Outcome):
                return value
            values = {"": value} if job.outputs is None else value
            outputs = {name: self.cache.store(v) for name, v in values.items()}
        entry = Entry(task.key, outputs, task.parts, 1.0, 0.0, job.run, task.id)
        self.cache.commit([entry], job.replace)
        return Succeeded(entry, 1.0, f"log of {task.id}" if job.kind == "call" else "")

    # ---- what became of it -----------------------------------------------------------------------------

    def value(self, step: str, k: int = 0) -> Any:
        """What a task of the last run gave."""
        return self.cache.value(self.bound.result(step).output(k, None))

    def values(self, step: str) -> list[Any]:
        result = self.bound.result(step)
        return [self.value(step, k) if result.present(k) else None for k in range(result.count or 0)]

    def keys(self, step: str) -> list[str]:
        items = self.bound.result(step).items
        assert items is not None
        return list(items.keys)

    def outcomes(self) -> dict[str, str | None]:
        return {name: st.outcome for name, st in self.state.steps.items()}

    def seen(self, kind: type) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind)]

    def reused(self) -> list[str]:
        return [e.step for e in self.seen(TasksReused)]

    def reasons(self) -> dict[str, str]:
        return {e.step: e.reason for e in self.seen(TasksStarted)}

    def errors(self) -> dict[str, str]:
        from pipeline_runner.model.event import TaskFailed

        return {e.step: e.error.message for e in self.seen(TaskFailed) if e.retry_in is None}
