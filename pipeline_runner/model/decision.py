"""What a plan says of a task, and why."""

from __future__ import annotations

from typing import NamedTuple

RUN = "run"
REUSE = "reuse"
SKIP = "skip"
UNDECIDED = "undecided"

REASON_KINDS = (
    "new", "code", "param", "input", "file", "package",
    "python", "version", "forced", "cache-off", "missing", "corrupt",
)  # fmt: skip


class Reason(NamedTuple):
    """A value that names what changed."""

    kind: str  # one of REASON_KINDS
    what: str = ""  # "churn.model:train", "params.test_size", "data/customers.csv"
    detail: str = ""  # "0.2 -> 0.3", "churn/model.py:14"


class PlannedTask(NamedTuple):
    """One row of a plan; a fan-out of unknown size is one row with key None."""

    id: str
    step: str
    key: str | None
    action: str
    wave: int
    needs: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()
    estimate_s: float | None = None
