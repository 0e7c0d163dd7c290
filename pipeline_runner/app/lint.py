"""``prun check``: what looks wrong in a pipeline file as a whole, though it stops no run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..errors import Place, Problem
from ..spec.params_full import nearly_full_form

if TYPE_CHECKING:
    from .session import Session

At = Callable[[tuple[str | int, ...]], Place | None]


def file_warnings(session: Session, where: At) -> Iterator[Problem]:
    """Folders that are not there, mappings that were probably meant as a param's full form."""
    for i, path in enumerate(session.graph.pythonpath):
        if not os.path.exists(os.path.join(session.graph.root, path)):
            at = where(("pythonpath", i)) or where(("pythonpath",))
            yield Problem("pythonpath", f"there is no folder {path!r}", at, severity="warning")
    for name, value in session.params.items():
        if (found := nearly_full_form(value)) is not None:
            why, hint = found
            message = f"param {name!r} is a plain mapping: {why}"
            yield Problem("param-declaration", message, where(("params", name)), hint, "warning")
