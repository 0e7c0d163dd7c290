"""A worker's answer as bytes. What the parent knows of the tasks already is not sent back."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..model.artifact import Artifact, Entry
from ..model.outcome import Outcome, Succeeded
from ..model.work import Task


class Answer(NamedTuple):
    outcomes: list[Outcome]
    spoiled: bool  # a task left threads running: the process is not to be used again


def pack(outcomes: Sequence[Outcome], spoiled: bool) -> bytes:
    """Plain tuples for the many that succeeded: named ones take five times as long to pickle."""
    return pickle.dumps(([_slim(o) for o in outcomes], spoiled), protocol=5)


def unpack(data: bytes, tasks: Sequence[Task], run: str) -> Answer:
    slim, spoiled = pickle.loads(data)
    return Answer([_whole(o, task, run) for o, task in zip(slim, tasks, strict=True)], spoiled)


def _slim(outcome: Outcome) -> Any:
    if type(outcome) is not Succeeded or outcome.unforeseen:  # then its key is another
        return outcome
    entry = outcome.entry
    outputs = {name: tuple(artifact) for name, artifact in entry.outputs.items()}
    return outputs, entry.seconds, entry.created, outcome.seconds, outcome.log


def _whole(slim: Any, task: Task, run: str) -> Outcome:
    if type(slim) is not tuple:
        outcome: Outcome = slim
        return outcome
    outputs, took, created, seconds, log = slim
    artifacts: Mapping[str, Artifact] = {name: Artifact(*a) for name, a in outputs.items()}
    return Succeeded(Entry(task.key, artifacts, task.parts, took, created, run, task.id), seconds, log)
