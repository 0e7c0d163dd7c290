"""Where `publish:` may lead: out of the pipeline's folder only where the file itself says so.

What a run's data fills in (an item of a list that a step returned) stays below the folder that stands
before it: a name such as ``../../x`` that came from outside cannot choose what is overwritten. Params
and lists in the file are the user's own words.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..model.graph import ForEach, Matrix, Ref, Step, Text
from .references import BindError


def stem(target: Text | str, step: Step) -> Text | str | None:
    """The part of a path before the first piece of a run's data; None where there is none."""
    if isinstance(target, str):
        return None
    for i, part in enumerate(target.parts):
        if isinstance(part, Ref) and not _is_written(part, step):
            return Text(target.parts[:i])
    return None


def refuse_leaving(path: str, stem: str) -> None:
    """Raises ``BindError`` where a path leaves the folder that its stem names."""
    folder = stem[: max(stem.rfind("/"), stem.rfind(os.sep)) + 1]
    if not _leaves(path[len(folder) :], first=not folder):
        return
    where = folder.rstrip("/") or "the pipeline's folder"
    raise BindError(
        f"{path!r} leads out of {where}",
        "an item may only name what is below the folder that stands before it: publish: FOLDER/${{ item }}",
    )


def _leaves(path: str, *, first: bool) -> bool:
    parts = path.replace(os.sep, "/").split("/")
    if first and (parts[0] == "" or parts[0].startswith("~")):
        return True
    if os.name == "nt" and any(":" in part for part in parts):
        return True
    depth = 0
    for part in parts:
        depth += {"": 0, ".": 0, "..": -1}.get(part, 1)
        if depth < 0:
            return True
    return False


def _is_written(ref: Ref, step: Step) -> bool:
    """Whether the pipeline's file, or its user, says what stands there."""
    if ref.root in ("params", "run"):
        return True
    if isinstance(step.fanout, ForEach):
        source: object = step.fanout.source
    elif isinstance(step.fanout, Matrix):
        axes: Mapping[str, object] = dict(step.fanout.axes)
        source = axes.get(ref.name)
    else:
        return False
    if isinstance(source, Ref):
        return source.root == "params"
    return isinstance(source, tuple)  # a list in the file
