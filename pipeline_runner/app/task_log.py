"""What a task printed, and in which run it did."""

from __future__ import annotations

from typing import NamedTuple

from .run_record import RunRecord
from .task_names import parse_name


class TaskLog(NamedTuple):
    """``run`` and ``task``: where it ran, an earlier run's if its result was reused; "" if it never did."""

    text: str
    run: str
    task: str


def task_log(record: RunRecord, task: str) -> TaskLog:
    """Raises ``PrunError`` where there is no such task."""
    own = record.store.runs.read_log(record.id, task)
    if own is not None:
        return TaskLog(own, record.id, task)
    step, key, _ = parse_name(task)
    k = record.index(step, key)
    about = record.about(step)
    entry = record.entry(step, k)
    if entry is None or entry.run == record.id:
        return TaskLog("", record.id if str(k) in about["attempts"] else "", task)
    return TaskLog(record.store.runs.read_log(entry.run, entry.task) or "", entry.run, entry.task)
