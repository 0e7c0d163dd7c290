"""What the steps of a run gave, as Python values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ..errors import BlobLost, Problem, PrunError, RunFailed
from ..keys.canonical import go_deeper
from ..model.names import task_id
from ..model.outcome import REUSED, SKIPPED, SUCCEEDED
from .task_names import parse_name

if TYPE_CHECKING:
    from ..model.artifact import Entry
    from .run_record import RunRecord


def output(record: RunRecord, what: str) -> Any:
    """The value that ``what`` names (see ``Run.output``)."""
    step, key, path = parse_name(what)
    about = record.about(step)
    outputs = record.graph.steps[step].outputs
    if key is not None or about["keys"] is None or _whole(about):
        k = record.index(step, key)
        return _value(record, step, k, record.entry(step, k), path, what)
    present = [k for k, e in enumerate(about["entries"]) if e is not None]
    entries = record.entries(step)
    head = path[:1] if outputs and path and path[0] in outputs else ()
    values = {k: _value(record, step, k, entries[k], head, what) for k in present}
    listed: Any = [values[k] for k in present]
    shape: Sequence[int] | None = about.get("shape")
    if shape is not None:
        ends = accumulate(shape)
        listed = [
            [values[k] for k in range(end - n, end) if k in values]
            for end, n in zip(ends, shape, strict=True)
        ]
    return _part(listed, path[len(head) :], what)


def _whole(about: Any) -> bool:
    """Whether a fan-out was decided as a whole, without items."""
    return len(about["states"]) == 1 and not about["entries"]


def _value(
    record: RunRecord, step: str, k: int, entry: Entry | None, path: tuple[str | int, ...], what: str
) -> Any:
    about = record.about(step)
    state = about["states"][k] if k < len(about["states"]) else ""
    name = task_id(step, about["keys"][k] if about["keys"] and k < len(about["keys"]) else None)
    if entry is None:
        if state == SKIPPED:
            return None
        raise RunFailed(_nothing(about, k, name, state))
    outputs = record.graph.steps[step].outputs
    value: Any
    try:
        if outputs is None:
            value = record.decode(entry.outputs[""])
        elif path and path[0] in outputs:
            value, path = record.decode(entry.outputs[str(path[0])]), path[1:]
        else:
            value = {n: record.decode(entry.outputs[n]) for n in outputs}
    except BlobLost as lost:
        how = "damaged" if lost.damaged else "missing"
        message = f"what {name} gave cannot be read: its stored bytes are {how}"
        raise RunFailed(Problem("lost", message, None, "prun run makes them again")) from lost
    return _part(value, path, what)


def _part(value: Any, path: tuple[str | int, ...], what: str) -> Any:
    try:
        return go_deeper(value, path)
    except LookupError as error:
        raise PrunError(Problem("no-output", f"{what}: {error.args[0]}")) from None


def _nothing(about: Any, k: int, name: str, state: str) -> Problem:
    """Why there is no value of a task."""
    if state not in (SUCCEEDED, REUSED):
        return Problem("no-output", f"{name} gave nothing: it {_was(state)}", None, _why(about, k))
    if not any(about["entries"][k : k + 1]):  # only where the run was killed, or goes on
        return Problem(
            "no-output", f"what {name} led to is not noted: the run has no end", None, "run it again"
        )
    return Problem("no-output", f"what {name} gave is no longer in the store", None, "run it again")


def _was(state: str) -> str:
    return {"failed": "failed", "": "did not run"}.get(state, f"was {state}")


def _why(about: Any, k: int) -> str:
    error = about["errors"].get(str(k))
    if error:
        return str(error[1])
    reason = about["reasons"].get(str(k))
    return f"because of {reason}" if reason else ""
