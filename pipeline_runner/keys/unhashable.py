"""What is said of a value whose content cannot be told."""

from __future__ import annotations

from typing import Any


class Unhashable(TypeError):
    """A value whose content cannot be told honestly. ``path`` leads to it: ``['rows'][3]``."""

    def __init__(self, path: str, type_name: str, hint: str = "") -> None:
        super().__init__(path, type_name, hint)
        self.path = path
        self.type_name = type_name
        self.hint = hint

    @property
    def said(self) -> str:
        """For people: the type, where it stands, what to do."""
        path = self.path if len(self.path) <= 200 else f"{self.path[:100]} ... {self.path[-100:]}"
        where = f" at {path}" if path else ""
        return f"{self.type_name}{where}" + (f": {self.hint}" if self.hint else "")

    def __str__(self) -> str:
        return f"no content digest for {self.said}"

    def within(self, step: str) -> Unhashable:
        """The same, seen from one level further out."""
        return Unhashable(step + self.path, self.type_name, self.hint)


class NotPlain(Unhashable):
    """Not plain data (it may be hashable in another way)."""

    def within(self, step: str) -> NotPlain:
        return type(self)(step + self.path, self.type_name, self.hint)


class TooDeep(NotPlain):
    """Plain so far, but nested beyond the bound."""


def type_name(t: type) -> str:
    return t.__qualname__ if t.__module__ == "builtins" else f"{t.__module__}.{t.__qualname__}"


def short_repr(value: Any) -> str:
    text = (
        repr(value) if type(value) in (str, int, float, bool, type(None), bytes) else type_name(type(value))
    )
    return text if len(text) <= 60 else text[:57] + "..."
