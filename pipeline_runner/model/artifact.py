"""What a task leaves behind: artifacts (outputs) and the entry that leads to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Artifact(NamedTuple):
    """One output, stored: how to read it back and what its content is.

    ``digest`` identifies the content (equal content, equal digest, whatever the bytes of its
    storage are); ``blob`` identifies stored bytes. Plain data up to 16 KiB stands in ``inline``
    as canonical JSON text and has no blob.
    """

    digest: str
    codec: str  # "data", "pickle", "file" or "tree"
    size: int  # bytes stored
    inline: str | None = None
    blob: str | None = None
    classes: tuple[str, ...] = ()  # project classes ("module:qualname") that its pickle names
    type: str = ""  # for people: "pandas.DataFrame (1000 x 3)"


ONE_RUN = "run-"  # begins the args of an entry that no other run may find


class CacheKey(NamedTuple):
    """Where an entry lives: the recipe (what the callable does) and its arguments.

    Both are digests. The split is by nature, not by wiring, so equal calls have equal keys
    wherever their arguments come from.
    """

    recipe: str
    args: str

    def __str__(self) -> str:
        return f"{self.recipe}/{self.args}"


class ArgPart(NamedTuple):
    """One argument's part of a cache key, kept for `why`."""

    kind: str  # "input", "param", "file", "literal", "item"
    what: str  # "clean", "params.test_size", "data/customers.csv", ""
    digest: str
    text: str = ""  # the value itself where it is short


class Entry(NamedTuple):
    """What a cache key leads to. Immutable, written last, checksummed."""

    key: CacheKey
    outputs: Mapping[str, Artifact]  # "" where the step declares none
    parts: Mapping[str, ArgPart]
    seconds: float  # how long the call took
    created: float  # Unix time
    run: str  # id of the run that made it
    task: str  # its id there


class Recipe(NamedTuple):
    """What a step does, apart from its arguments: the first half of its tasks' cache keys."""

    digest: str
    code: Mapping[str, str]  # reached definition "module:qualname" -> digest
    packages: Mapping[str, str]  # distribution -> version
    python: str  # "3.11"
    version: str  # cache.version, "" if none
    env: Mapping[str, str]
    outputs: tuple[str, ...] | None
    check: Mapping[str, str]
    where: Mapping[str, tuple[str, int]] = {}  # definition -> (file relative to root, line)
    sources: Mapping[str, str] = {}  # absolute path of each file reached -> digest of its bytes
    source: Mapping[str, str] = {}  # definition -> its text, in stored recipes alone: for diffs


class Damaged(NamedTuple):
    """An entry that is there but cannot be trusted. kind: "corrupt" or "missing" (its blob)."""

    kind: str
    detail: str = ""


GONE = Damaged("missing", "its entry is no longer in the store")
