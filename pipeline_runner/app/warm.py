"""The warm path: telling at a glance that nothing has changed since a run that left all up to date.

After a run in which every task was computed, reused or skipped, a stamp says what that depended on:
the resolved graph with its params, what each callable did, the tracked files, and which entry files
and published files the run left. Task keys follow from these alone, so while none of them differs
every task is up to date, and no key has to be made. Anything else, and the stamp is not used.

Entries are proved by the size and time stamps of their files, which were read when the stamp was
made; `--paranoid` does not come here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..keys.digest import digest
from ..model.artifact import ONE_RUN
from ..store.blobs import blob_file
from ..store.disk import write_whole
from ..store.runs import step_file
from ..store.sealed import seal, unseal

if TYPE_CHECKING:
    from ..engine.bind import Binder
    from ..model.graph import Graph
    from ..model.table import Table
    from ..store.store import Store
    from .publisher import FilePublisher
    from .record import Recorder
    from .session import Session

FORMAT = 3
_GOOD = frozenset({"succeeded", "reused", "skipped"})


class StepStamp(NamedTuple):
    """What became of a step's tasks: how many, which were skipped, what the others once took."""

    name: str
    tasks: int
    fanout: bool
    skipped: Sequence[int]
    saved_s: float


class Stamp(NamedTuple):
    run: str  # whose record has the tasks
    steps: Sequence[StepStamp]
    backend: str  # of the run that left it


class Stamps:
    """The stamps of one session. ``graph_id``: of the compiled graph, with its params."""

    def __init__(self, session: Session, graph_id: str) -> None:
        self.session = session
        self.graph_id = graph_id
        name = digest(f"{graph_id} {session.store.identity} {session.graph.file}".encode())
        self.path = os.path.join(session.store.index_dir, "stamps", name)

    def find(self, *, publish: bool = True) -> Stamp | None:
        """The stamp, if everything is as it was."""
        try:
            with open(self.path, "rb") as f:
                known = unseal(f.read())
        except (OSError, ValueError):
            return None
        if known["format"] != FORMAT or known["graph"] != self.graph_id:
            return None
        if publish and not known["publish"]:
            return None
        if not (self._code(known) and self._files(known) and self._stored(known)):
            return None
        if publish and not self._published(known):
            return None
        return Stamp(known["run"], [StepStamp(*s) for s in known["steps"]], known["backend"])

    # ---- what it depends on ----------------------------------------------------------------------

    def _code(self, known: Any) -> bool:
        index = self.session.code
        try:
            return all(index.fingerprint(call).digest == d for call, d in known["calls"]) and all(
                index.class_digest(name) == d for name, d in known["classes"]
            )
        except ValueError:
            return False

    def _files(self, known: Any) -> bool:
        try:
            return all(self.session.files.track(value).digest == d for value, d in known["files"])
        except (OSError, ValueError):
            return False

    def _stored(self, known: Any) -> bool:
        root = self.session.store.url
        try:
            for name, size, mtime in known["stored"]:
                s = os.stat(f"{root}/{name}")
                if s.st_size != size or s.st_mtime_ns != mtime:
                    return False
            list_folder = self.session.store.files.list
            return all(_names_digest(list_folder(folder)) == d for folder, d in known["folders"])
        except OSError:
            return False

    def _published(self, known: Any) -> bool:
        from .publisher import FilePublisher

        if not known["published"]:
            return True
        publisher = FilePublisher(self.session.store, self.session.graph.root)
        return all(publisher.current(path, d) for path, d in known["published"])

    # ---- making one --------------------------------------------------------------------------------

    def keep(
        self,
        run_id: str,
        graph: Graph,
        recorder: Recorder,
        binder: Binder,
        publisher: FilePublisher,
        *,
        publish: bool,
    ) -> None:
        """Stamp a finished run, if all of it is up to date now. Losing a stamp costs time only."""
        if any(not step.cache.enabled for step in graph.steps.values()):
            return
        if not all(record.states.only(_GOOD) for record in recorder.steps.values()):
            return
        if recorder.steps.keys() != graph.steps.keys() or not self.session.store.files.is_local:
            return
        if any(_names_the_run(path) for step in graph.steps.values() for path in step.publish.values()):
            return
        stored = stored_files(self.session.store, binder, recorder)
        if stored is None:
            return
        steps = []
        for name, record in recorder.steps.items():
            skipped = record.states.where("skipped")
            saved = binder.result(name).table.took()
            steps.append(StepStamp(name, len(record.states), record.keys is not None, skipped, saved))
        value = {
            "format": FORMAT,
            "graph": self.graph_id,
            "run": run_id,
            "backend": recorder.backend,
            "steps": steps,
            "calls": sorted(self.session.recipes.calls.items()),
            "classes": sorted(self.session.recipes.classes.items()),
            "files": [[list(v) if isinstance(v, tuple) else v, d] for v, d in binder.tracked_files.items()],
            "stored": stored.files,
            "folders": stored.folders,
            "publish": publish,
            "published": sorted(publisher.asked.items()),
        }
        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            write_whole(self.path, [seal(value)])
        except (OSError, TypeError, ValueError):
            pass


def _names_the_run(path: Any) -> bool:
    """Whether a published path differs from run to run."""
    return any(getattr(part, "root", "") == "run" for part in getattr(path, "parts", ()))


class Stored(NamedTuple):
    """What a run left. ``files``: with size and time stamp; ``folders`` of entries that stand in packs, with
    the digest of all names in them: a later pack, or a file of its own, may replace each of these entries
    (``--force``), and leaves the pack as it is."""

    files: list[tuple[str, int, int]]
    folders: list[tuple[str, str]]


def stored_files(store: Store, binder: Binder, recorder: Recorder) -> Stored | None:
    """The files that hold the entries and the record of a run, and the blobs of what no step reads;
    None where one cannot be told."""
    folders: list[tuple[str, str]] = []
    wanted: dict[str, list[Table]] = {}
    for name, result in binder.results.items():
        if _of_one_run(result.table, recorder.steps[name].apart):
            return None
        if result.table.count:
            wanted.setdefault(result.table.recipe, []).append(result.table)
    read = {need for step in binder.graph.steps.values() for need in step.needs}
    names = [f"runs/{recorder.run_id}/run.json"]  # later records refer to it for their tasks
    names += [f"runs/{recorder.run_id}/{step_file(n)}" for n, s in recorder.steps.items() if s.apart]
    for recipe, tables in wanted.items():
        there = sorted(store.files.list(folder := f"entries/{recipe}"))
        alone = {name[:-5] for name in there if name.endswith(".json")}
        singles = {args for table in tables for args in alone.intersection(table.args)}
        names += [f"{folder}/{args}.json" for args in sorted(singles)]
        if len(singles) < sum(table.count for table in tables):
            names += [f"{folder}/{name}" for name in there if name.endswith(".pack")]
            folders.append((folder, _names_digest(there)))
    names += [name for last in binder.results if last not in read for name in _blobs(binder, last)]
    found = []
    for name in names:
        try:
            s = os.stat(f"{store.url}/{name}")
        except OSError:
            return None
        found.append((name, s.st_size, s.st_mtime_ns))
    return Stored(found, folders)


def _names_digest(names: Sequence[str]) -> str:
    return digest("\n".join(sorted(names)).encode())


def _of_one_run(table: Table, written: Mapping[str, Any] | None) -> bool:
    """Whether a result is there that no other run may find. ``written``: how a large step was recorded: as
    one text, if its keys are all alike."""
    if written is not None and isinstance(written["entries"], Mapping):
        return False
    return any(args.startswith(ONE_RUN) for args in table.args if args is not None)


def _blobs(binder: Binder, step: str) -> Iterator[str]:
    for column in binder.results[step].table.outputs.values():
        for blob in column.blob:
            if blob is not None:
                yield blob_file(blob)
