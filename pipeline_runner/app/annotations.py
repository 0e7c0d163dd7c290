"""``prun check``: values that are known already against the annotations of what takes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..engine.references import BindError
from ..engine.results import Unknown
from ..errors import Place, Problem
from ..model.bound import Bound, FileArg, Inline
from ..model.graph import Input, Step
from .wiring import engine_for

if TYPE_CHECKING:
    from .session import Session

# what an annotation admits, for those that say it plainly; any other is not judged
_ADMITS: dict[str, tuple[type, ...]] = {
    "int": (int,), "float": (int, float), "str": (str,), "bool": (bool,), "bytes": (bytes,),
    "list": (list,), "dict": (dict,), "None": (type(None),), "complex": (int, float, complex),
    "List": (list,), "Dict": (dict,), "Sequence": (list, tuple, str), "Mapping": (dict,),
}  # fmt: skip


def annotation_problems(
    session: Session, step: Step, place: Callable[[Step, str], Place | None]
) -> Iterator[Problem]:
    """Literals, params and files that cannot be what the callable's parameters are annotated as."""
    try:
        signature = session.code.signature(step.call)
    except ValueError:
        return
    if signature is None:
        return
    binder, _, _ = engine_for(session, session.graph, "check")
    for parameter in signature.parameters:
        name = parameter.name
        if name not in step.args or not parameter.annotation:
            continue
        binding = step.args[name]
        if isinstance(binding, Input) and binding.ref.root != "params":
            continue
        try:
            bound, _ = binder.argument(step, name, None)
        except (Unknown, BindError, AssertionError):
            continue
        value, hint = _given(bound)
        if hint and not admits(parameter.annotation, value):
            yield Problem(
                "annotation",
                f"{step.call} takes {name!r} as {parameter.annotation}, not {type(value).__name__}",
                place(step, name),
                hint,
            )


def _given(bound: Bound) -> tuple[Any, str]:
    """What the callable is given, and that in words; "" where it is not known."""
    if isinstance(bound, Inline):
        return bound.value, f"the value is {bound.value!r}"[:120]
    if isinstance(bound, FileArg) and bound.many:
        return list(bound.paths), "a folder, a pattern or a list of paths gives a list"
    if isinstance(bound, FileArg):
        return bound.paths[0], "one file gives its path as text; a folder or a pattern gives a list"
    return None, ""


def admits(annotation: str, value: Any) -> bool:
    """Whether a value may be passed where an annotation (as text) stands; True where it is unclear."""
    text = annotation.strip().strip("'\"")
    if (optional := re.fullmatch(r"(?:typing\.)?Optional\[(.*)\]", text)) is not None:
        text = optional[1] + " | None"
    if (union := re.fullmatch(r"(?:typing\.)?Union\[(.*)\]", text)) is not None:
        text = " | ".join(_split(union[1], ","))
    kinds: list[type] = []
    for part in _split(text, "|"):
        plain = re.fullmatch(r"(?:typing\.|collections\.abc\.)?(\w+)(?:\[.*\])?", part.strip())
        if plain is None or plain[1] not in _ADMITS:
            return True
        kinds.extend(_ADMITS[plain[1]])
    if isinstance(value, bool):
        return bool in kinds or int in kinds
    return isinstance(value, tuple(kinds))


def _split(text: str, mark: str) -> list[str]:
    """The parts between the marks that stand in no brackets."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "[(") - (c in "])")
        if c == mark and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [*parts, text[start:]]
