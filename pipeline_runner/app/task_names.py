"""The names by which tasks and outputs of a run are asked for."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import Problem, PrunError

_NAME = re.compile(r"([^.\[\]]+)(?:\[(.*?)\](?=\.|\Z))?((?:\.[^.]+)*)\Z", re.DOTALL)


class Name(NamedTuple):
    """A step, the KEY of one of its tasks, and a path into what it gave."""

    step: str
    key: str | None
    path: tuple[str | int, ...]


def parse_name(text: str) -> Name:
    """``train[1,3].auc`` -> ("train", "1,3", ("auc",)). Raises ``PrunError``."""
    match = _NAME.match(text)
    if match is None:
        raise PrunError(Problem("task", f"{text!r} names no output"))
    return Name(match[1], match[2], tuple(int(p) if p.isdigit() else p for p in match[3].split(".")[1:]))
