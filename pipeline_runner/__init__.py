"""prun: declarative pipelines with a cache that is never stale.

The public names are loaded when they are first used: importing the package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app.pipeline import Pipeline as Pipeline
    from .app.plan import Plan as Plan
    from .app.run import Run as Run
    from .app.task import Task as Task
    from .errors import PipelineError as PipelineError
    from .errors import Problem as Problem
    from .errors import PrunError as PrunError
    from .errors import RunFailed as RunFailed
    from .errors import StoreError as StoreError

__version__ = "0.1.0"

_HOMES = {
    "Pipeline": "app.pipeline",
    "Plan": "app.plan",
    "Run": "app.run",
    "Task": "app.task",
    "PipelineError": "errors",
    "Problem": "errors",
    "PrunError": "errors",
    "RunFailed": "errors",
    "StoreError": "errors",
}
__all__ = [
    "Pipeline",
    "PipelineError",
    "Plan",
    "Problem",
    "PrunError",
    "Run",
    "RunFailed",
    "StoreError",
    "Task",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{home}", __name__), name)
