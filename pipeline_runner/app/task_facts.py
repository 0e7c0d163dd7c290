"""Everything that is known of a task of a past run, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import BlobLost
from ..model.artifact import Artifact, Entry
from ..model.outcome import ErrorInfo
from .describe import value_facts
from .facts import Facts
from .run_record import RunRecord


def task_facts(record: RunRecord, step: str, k: int) -> dict[str, Any]:
    """Its key's parts, its outputs, what made it and what went wrong."""
    about = record.about(step)
    entry = record.entry(step, k)
    error = about["errors"].get(str(k))
    info = _error(error) if error else None
    return {
        "key": str(entry.key) if entry is not None else None,
        "parts": [(n, p.kind, p.what, p.text) for n, p in entry.parts.items()] if entry else [],
        "recipe": _recipe(record, entry) if entry is not None else None,
        **_outputs(record, step, entry),
        "made": {"run": entry.run, "task": entry.task, "seconds": entry.seconds, "created": entry.created}
        if entry is not None else None,
        "traceback": info.traceback if info is not None else None,
        "reason": about["reasons"].get(str(k)),
    }  # fmt: skip


def artifact_facts(record: RunRecord, artifact: Artifact) -> Facts:
    """What is shown of an artifact; where it cannot be read, why."""
    try:
        value = record.decode(artifact)
    except BlobLost as lost:
        what = "damaged" if lost.damaged else "missing"
        why = f"it cannot be read: its stored bytes are {what} (`prun run` makes them again)"
        return Facts("unreadable", artifact.type, (why,))
    except Exception as error:
        why = f"it cannot be read: {type(error).__name__}: {error}"
        return Facts("unreadable", artifact.type, (why,))
    return value_facts(value)


def _outputs(record: RunRecord, step: str, entry: Entry | None) -> dict[str, Any]:
    """What a task gave, looked at: a line, a preview, and the same as data."""
    outputs, values = [], {}
    for name, artifact in entry.outputs.items() if entry is not None else ():
        facts = artifact_facts(record, artifact)
        preview = "\n".join(facts.lines)
        outputs.append((name or step, facts.title, artifact.size, preview, facts.more))
        values[name or step] = {"kind": facts.kind, **facts.data}
    return {"outputs": outputs, "values": values}


def _recipe(record: RunRecord, entry: Entry) -> dict[str, Any] | None:
    """The first half of a key: what the callable reached, and the packages."""
    recipe = record.store.get_recipe(entry.key.recipe)
    if recipe is None:
        return None
    return {
        "code": [name for name in recipe.code if name != "call"],
        "packages": dict(recipe.packages), "python": recipe.python, "version": recipe.version,
    }  # fmt: skip


def _error(fields: Sequence[Any]) -> ErrorInfo:
    kind, message, types, traceback, where, hint = fields
    return ErrorInfo(kind, message, tuple(types), traceback, tuple(where) if where else None, hint)
