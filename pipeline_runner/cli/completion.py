"""What a shell completes: steps, tasks, runs, profiles. Imported when the shell asks, never else.

Whatever goes wrong here (no pipeline, a broken one), there is just nothing to complete.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from ..errors import PrunError
from .options import pipeline_path
from .past import Past

if TYPE_CHECKING:
    from ..app.run import Run
    from ..model.graph import Graph

MOST = 300  # more of them help nobody


def steps(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """The pipeline's steps."""
    graph = _graph(ctx)
    return _items(graph.steps, incomplete) if graph is not None else []


def expressions(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """What `--select` takes: a step with its `+` as far as it is typed, a tag."""
    graph = _graph(ctx)
    if graph is None:
        return []
    plus = incomplete[: len(incomplete) - len(incomplete.lstrip("+"))]
    tags = dict.fromkeys(f"tag:{tag}" for step in graph.steps.values() for tag in step.tags)
    return _items([plus + name for name in (*graph.steps, *tags)], incomplete)


def profiles(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """The pipeline's profiles."""
    from ..spec.load import load

    found: Iterable[str] = ()
    with suppress(PrunError, OSError):
        found = load(_file(ctx)).spec.profiles
    return _items(found, incomplete)


def tasks(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Tasks of the run that is meant: steps, and their items as soon as `[` is typed."""
    run = _run(ctx)
    if run is None:
        return steps(ctx, incomplete)
    ids = (t.id for t in run.tasks) if "[" in incomplete else dict.fromkeys(t.step for t in run.tasks)
    return _items(ids, incomplete)


def runs(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Past runs, the newest first, with how they ended."""
    from ..view.text import ago

    found: list[Any] = []
    with suppress(PrunError, OSError):
        found = _past(ctx).runs()[:MOST]
    now = _now()
    return [
        CompletionItem(info.id, help=f"{info.status} {ago(info.started, now)}")
        for info in found
        if info.id.startswith(incomplete)
    ]


def runs_and_tasks(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Where either may stand."""
    return [*tasks(ctx, incomplete), *runs(ctx, incomplete)]


def _now() -> float:
    import time

    return time.time()


def _items(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)][:MOST]


def _file(ctx: click.Context) -> str:
    given = ctx.params.get("file") or ctx.params.get("pipeline")
    return pipeline_path(given if isinstance(given, str) else None)


def _graph(ctx: click.Context) -> Graph | None:
    from ..app.pipeline import Pipeline

    with suppress(PrunError, OSError):
        return Pipeline.load(os.path.abspath(_file(ctx))).graph
    return None


def _past(ctx: click.Context) -> Past:
    return Past.of(ctx.params.get("store"), ctx.params.get("file"))


def _run(ctx: click.Context) -> Run | None:
    name = ctx.params.get("run")
    with suppress(PrunError, OSError):
        return _past(ctx).run(name if isinstance(name, str) else None)
    return None
