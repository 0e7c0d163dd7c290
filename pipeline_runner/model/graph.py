"""The resolved pipeline: steps, what their arguments are bound to, and what follows what.

A ``Graph`` holds no values that may change between two runs of one file (params, files, secrets):
those are bound when a run starts, so that a graph can be kept compiled. A fan-out is ONE step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from ..errors import Place


class Ref(NamedTuple):
    """A reference as written in ``inputs``, ``files``, ``foreach``, ``matrix`` or ``when``.

    root    name            path
    params  the param       deeper into its value
    step    the step        declared output first where the step has ``outputs``, then deeper
    item    ""              deeper into the item
    matrix  the axis        deeper into its value
    secrets the secret      ()
    run     "id"            ()
    """

    root: str
    name: str
    path: tuple[str | int, ...] = ()
    star: bool = False  # ``foreach: STEP.*``: one level deeper
    text: str = ""  # as written

    def __str__(self) -> str:
        return self.text


class Text(NamedTuple):
    """A string with ``${{ ... }}`` in it: literal pieces and references, in order."""

    parts: tuple[str | Ref, ...]


# ---- what an argument of the callable is bound to --------------------------------------------


class Literal(NamedTuple):
    """From ``with``: plain data; its strings may be ``Text`` at any depth."""

    value: Any


class Input(NamedTuple):
    """From ``inputs``."""

    ref: Ref


class Files(NamedTuple):
    """From ``files``: a reference to a path, a literal path or pattern, or a text that gives one."""

    source: Ref | Text | str


Binding: TypeAlias = Literal | Input | Files


class ForEach(NamedTuple):
    """``foreach``: over a reference or a literal list; ``key`` names the items (a Ref on item)."""

    source: Ref | tuple[Any, ...]
    key: Ref | None = None


class Matrix(NamedTuple):
    """``matrix``: axes in order, the last one changing fastest; each a Ref or a literal list."""

    axes: tuple[tuple[str, Ref | tuple[Any, ...]], ...]
    key: Ref | None = None


FanOut: TypeAlias = ForEach | Matrix


# ---- policies ----------------------------------------------------------------------------------


class Retry(NamedTuple):
    limit: int = 0  # retries; attempts = limit + 1
    delay: float = 0.0  # seconds
    backoff: float = 1.0
    jitter: str = "none"  # or "full"
    max_delay: float | None = None  # seconds
    on: tuple[str, ...] = ()  # empty: anything


class Share(NamedTuple):
    """A part of a fan-out's items."""

    percent: float


class CachePolicy(NamedTuple):
    enabled: bool = True
    version: str | None = None  # canonical text of what the user wrote
    ignore: frozenset[str] = frozenset()
    code: bool = True  # False: the callable counts by name and version alone


class Step(NamedTuple):
    """A step, resolved: every name in it exists."""

    name: str
    call: str  # "package.module:qualname"
    args: Mapping[str, Binding]
    fanout: FanOut | None = None
    outputs: tuple[str, ...] | None = None
    after: tuple[str, ...] = ()  # ``needs``: order without data
    when: Any | None = None  # resolve.condition's tree
    trigger_rule: str = "all_success"
    on_error: str = "fail"  # or "skip"
    retry: Retry = Retry()
    timeout: float | None = None  # seconds
    max_parallel: int | None = None
    max_failures: int | Share | None = None
    cache: CachePolicy = CachePolicy()
    check: Mapping[str, str] = {}  # output ("" for the whole) -> "module:callable"
    publish: Mapping[str, Text | str] = {}  # output ("" for the whole) -> path
    env: Mapping[str, Text | str] = {}  # the pipeline's env and the step's, merged
    resources: Mapping[str, Any] = {}  # cpus, memory (bytes), gpus, disk; texts name params alone
    pools: Mapping[str, int] = {}  # named pool -> places that one task takes in it
    tags: tuple[str, ...] = ()
    image: Text | str | None = None
    description: str = ""
    needs: tuple[str, ...] = ()  # every step it needs, by data or by order, each once
    follows: str | None = None  # the fan-out that it follows item by item, if any
    where: Place | None = None


class Executor(NamedTuple):
    backend: str | None = None  # None: the default, loky
    workers: int | None = None  # None: one per core
    cpus: float | None = None  # None: one for each worker
    memory: int | None = None  # bytes; None: no limit
    gpus: float | None = None  # None: none


class Graph(NamedTuple):
    """A whole pipeline, steps in an order in which each comes after all that it needs."""

    name: str
    root: str  # absolute path of the pipeline file's folder
    file: str  # absolute path of the pipeline file
    steps: Mapping[str, Step]
    included: tuple[str, ...] = ()  # absolute paths of the files that it includes
    pythonpath: tuple[str, ...] = ()  # relative to root, as written
    store: str | None = None
    executor: Executor = Executor()
    pools: Mapping[str, int] = {}  # named pool -> how many places it has
    secrets: Mapping[str, str] = {}  # name -> "env:NAME" or "file:PATH"
    schedule: Mapping[str, str] | None = None
    description: str = ""
    on_success: tuple[str, ...] = ()  # "module:callable", called with the run's summary
    on_failure: tuple[str, ...] = ()
    hook_env: Mapping[str, Text | str] = {}  # of the pipeline's env what names neither item nor matrix
    sign: str | None = None  # where the key lies that signs the store's records
    safe: bool = False  # serializers: safe, so no pickles


def calls_of(step: str, call: str, check: Mapping[str, str]) -> list[tuple[tuple[str, ...], str]]:
    """Every callable that a step names, and where it is written."""
    at = ("steps", step)
    checks = [((*at, "check", output) if output else (*at, "check"), name) for output, name in check.items()]
    return [((*at, "call"), call), *checks]
