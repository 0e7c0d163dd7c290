"""What ``on_success`` and ``on_failure`` are told of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..engine.hooks import Hook
from ..model.graph import Graph
from ..model.names import task_id
from ..model.outcome import FAILED, SUCCEEDED


def hooks_of(record: Mapping[str, Any], graph: Graph) -> list[Hook]:
    """What is called after a run; nothing after one that was interrupted."""
    calls = {SUCCEEDED: ("on_success", graph.on_success), FAILED: ("on_failure", graph.on_failure)}
    when, named = calls.get(record["status"], ("", ()))
    summary = summary_of(record) if named else {}
    return [Hook(when, call, summary) for call in named]


def summary_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data. ``failed``: the tasks that failed, those that ``on_error: skip`` allowed too."""
    failed = [
        {"id": task_id(name, about["keys"][k] if about["keys"] else None), "error": _error(about, k)}
        for name, about in record["steps"].items()
        for k, state in enumerate(about["states"])
        if state == FAILED
    ]
    return {
        "run_id": record["run_id"],
        "pipeline": record["pipeline"],
        "status": record["status"],
        "counts": dict(record["counts"]),
        "started": record["started"],
        "seconds": record["seconds"],
        "failed": failed,
    }


def _error(about: Mapping[str, Any], k: int) -> str:
    error = about["errors"].get(str(k))
    return str(error[1]) if error else ""
