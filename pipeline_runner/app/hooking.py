"""What ``on_success`` and ``on_failure`` are told of a run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ..engine.hooks import Hook
from ..engine.references import as_text
from ..keys.deeper import go_deeper
from ..model.graph import Graph, Ref
from ..model.names import task_id
from ..model.outcome import FAILED, SUCCEEDED
from .step_record import read_steps


def hooks_of(record: Mapping[str, Any], graph: Graph) -> list[Hook]:
    """What is called after a run; nothing after one that was interrupted."""
    calls = {SUCCEEDED: ("on_success", graph.on_success), FAILED: ("on_failure", graph.on_failure)}
    when, named = calls.get(record["status"], ("", ()))
    if not named:
        return []
    summary, env = summary_of(record), _env(record, graph)
    return [Hook(when, call, summary, env) for call in named]


def _env(record: Mapping[str, Any], graph: Graph) -> dict[str, str]:
    """The pipeline's env, as a step's call has it."""

    def part(piece: Ref | str) -> str:
        if isinstance(piece, str):
            return piece
        if piece.root == "run":
            return str(record["run_id"])
        return as_text(go_deeper(record["params"][piece.name], piece.path))

    env = {}
    for name, text in graph.hook_env.items():
        with suppress(LookupError):  # told by the steps, which have it too
            env[name] = text if isinstance(text, str) else "".join(map(part, text.parts))
    return env


def summary_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data. ``failed``: the tasks that failed, those that ``on_error: skip`` allowed too."""
    failed = [
        {"id": task_id(name, about["keys"][k] if about["keys"] else None), "error": _error(about, k)}
        for name, about in read_steps(record).items()
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
