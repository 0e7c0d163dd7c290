"""``TaskError``: how the parts of the worker tell `task.py` that a task failed, and why."""

from __future__ import annotations


class TaskError(Exception):
    """``cause``: the user's exception, if one lies behind it (its types count for ``retry.on``)."""

    def __init__(self, kind: str, message: str, hint: str = "", cause: BaseException | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint
        self.cause = cause
