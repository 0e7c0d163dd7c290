"""What is sent to a worker: a job (what a batch of tasks shares) and its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .artifact import ArgPart, CacheKey
from .bound import Bound


class Project(NamedTuple):
    """Where the user's code lives and runs."""

    root: str  # absolute; the working directory of every task
    path: tuple[str, ...]  # absolute folders that come first on the import path, in order


class StoreAt(NamedTuple):
    """A store, and how it is to be used."""

    url: str
    sign: str | None = None  # where the key lies that signs its records: "env:NAME" or "file:PATH"
    safe: bool = False  # no pickle is written or read


class Job(NamedTuple):
    """What the tasks of a batch share. Kinds:

    call   call the user's function with the arguments
    split  the one argument "value" is a list; store each element, outputs "0", "1", ...
    hook   call the user's function with the one argument "summary"; nothing is stored
    render the one argument "value" is written in the format of ``call`` (a suffix such as
           ".csv") and stored as a file: output "" is that file
    """

    kind: str
    step: str
    call: str
    store: str | StoreAt  # a URL alone where nothing else is to be said
    project: Project
    run: str
    outputs: tuple[str, ...] | None = None
    args: Mapping[str, Bound] = {}  # the same for all tasks of the batch
    env: Mapping[str, str] = {}
    check: Mapping[str, str] = {}  # output ("" for the whole) -> "module:callable"
    secrets: Mapping[str, str] = {}  # all of the pipeline's, for masking
    sources: Mapping[str, str] = {}  # Recipe.sources: refused to commit if a loaded file differs
    examined: bool = False  # the sources are all that the callable can be seen to load
    timeout: float | None = None  # seconds, each task
    replace: bool = False  # --force: write the entry even if there is one


class Task(NamedTuple):
    """One call."""

    item: int  # position in the step
    id: str
    key: CacheKey
    args: Mapping[str, Bound]  # its own arguments, beside the job's
    parts: Mapping[str, ArgPart]  # all arguments' parts of the key, for the entry
    attempt: int = 1
