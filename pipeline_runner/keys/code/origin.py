"""Why something was reached, and what could not be read."""

from __future__ import annotations

from typing import NamedTuple


class Origin(NamedTuple):
    """From what something was reached, and how."""

    source: str
    why: str


class Broken(Exception):
    """A module that has to be read doesn't parse."""

    def __init__(self, module: str) -> None:
        super().__init__(module)
        self.module = module
