"""What the engine needs of the world, as Protocols. It never imports who provides it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from ..errors import BlobLost as BlobLost
from ..model.artifact import ArgPart, Artifact, CacheKey, Entry, Recipe
from ..model.artifact import Damaged as Damaged
from ..model.bound import Bound
from ..model.outcome import Outcome
from ..model.table import Found
from ..model.work import Job, Task


class Cache(Protocol):
    """Entries and plain values. All look-ups go in bulk."""

    def lookup(self, keys: Sequence[CacheKey]) -> Mapping[CacheKey, Entry | Damaged]:
        """The entries there are, proved by their checksums; keys without one are absent."""

    def find(self, recipe: str, args: Sequence[str]) -> Found:
        """The same for many keys of one recipe, as a table in their order."""

    def ahead(self, recipe: str) -> None:
        """Read what looking for many keys of a recipe will take, where that is at hand."""

    def recipe_entries(self, recipe: str) -> Iterable[Entry]:
        """Every entry made by a recipe (to tell `run` from `undecided`)."""

    def prove(self, outputs: Mapping[str, Artifact], thorough: bool) -> Damaged | None:
        """What is wrong with the blobs of a result: by one look at them, or by reading them all."""

    def plain(self, artifact: Artifact) -> Any:
        """The value of a "data" artifact. Raises ``BlobLost`` when its blob cannot be read."""

    def commit(self, entries: Sequence[Entry], replace: bool = False) -> None:
        """Write entries (those that the parent itself makes)."""


class Code(Protocol):
    """What callables do (keys/code)."""

    def recipe(self, step: str) -> Recipe:
        """The step's recipe; kept for the run."""

    def classes_digest(self, classes: tuple[str, ...]) -> str:
        """The present code of these project classes, "" for none."""


class History(Protocol):
    """What the pipeline's earlier runs left, for reasons and for expected times."""

    def previous(self, step: str, key: str | None, parts: Mapping[str, ArgPart]) -> Entry | None:
        """The last entry of the same item, else of the same task id."""

    def had(self, step: str, key: CacheKey) -> bool:
        """Whether the step's last tasks led to an entry of this key."""

    def gone(self, step: str, key: str | None, recipe: str) -> Damaged | None:
        """What became of the last entry of the same task id, made by this recipe; None if it is there, or
        there was none."""

    def recipe(self, digest: str) -> Recipe | None:
        """A recipe that an earlier entry was made by."""

    def seconds(self, step: str) -> float | None:
        """What a task of the step took lately."""

    def tasks(self, step: str) -> int | None:
        """How many tasks the step had then."""

    def ahead(self, step: str) -> None:
        """Read what is known of the step's last tasks."""


class TrackedFile(Protocol):
    """What a path, a pattern, a folder or a list of paths stands for."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Absolute."""

    @property
    def digest(self) -> str:
        """Of content and relative paths."""

    @property
    def many(self) -> bool: ...

    @property
    def what(self) -> str:
        """For people."""

    @property
    def seen(self) -> tuple[tuple[Any, ...], ...]:
        """See ``FileArg.seen``."""


class FileTracker(Protocol):
    """Digests of tracked files (keys/files)."""

    def track(self, value: str | Sequence[str]) -> TrackedFile:
        """A path, a pattern, a folder or a list of paths, relative to the pipeline's folder.

        Raises ``OSError`` or ``ValueError`` with a message for the user.
        """


class Publisher(Protocol):
    """Copies of outputs at paths that people can find. Errors: ``OSError``, ``ValueError``."""

    def current(self, path: str, digest: str) -> bool:
        """Whether the file at the path still is what was published there for this content."""

    def write(self, path: str, bound: Bound) -> bool:
        """Publish what needs no worker (text, bytes, JSON, files); False where one is needed."""

    def place(self, path: str, rendered: Artifact, digest: str) -> None:
        """Publish a file that a worker rendered from the content ``digest``."""

    def shown(self, path: str) -> str:
        """The path as people should see it."""


class Done(NamedTuple):
    """A batch came back: outcome i belongs to task i of the batch."""

    ticket: int
    outcomes: Sequence[Outcome]


class Pool(Protocol):
    """Workers. Never raises for what a task does; every ticket is answered once by ``Done``."""

    def expect(self) -> None:
        """A batch will be submitted soon: where workers take long to start, one may start now."""

    def submit(self, ticket: int, job: Job, tasks: Sequence[Task]) -> None:
        """Begin a batch. Called only while ``free() > 0``."""

    def free(self) -> int:
        """How many batches can be submitted now."""

    def wait(self, timeout: float | None) -> Sequence[Done]:
        """Block until something came back or the time (seconds) is over; may be empty."""

    def stop(self, grace: float) -> None:
        """Stop what runs: let it end within ``grace`` seconds, then kill; answers NotRun."""

    def retire(self) -> None:
        """No more batches come: idle workers may end already."""

    def close(self) -> None:
        """Give everything back. Idempotent."""


class Clock(Protocol):
    def now(self) -> float:
        """Monotonic seconds."""

    def wall(self) -> float:
        """Unix time."""

    def sleep(self, seconds: float) -> None: ...


Observer: TypeAlias = Callable[[Any], None]  # called with every ``Event``
