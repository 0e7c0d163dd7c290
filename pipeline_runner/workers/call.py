"""The user's callable: finding it, judging what it returned, calling its checks."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from .failure import TaskError


def resolve(call: str) -> Callable[..., Any]:
    """``package.module:qualname`` -> the callable. Errors of the user's import go through."""
    module_name, _, qualname = call.partition(":")
    target: Any = importlib.import_module(module_name)
    for part in qualname.split("."):
        try:
            target = getattr(target, part)
        except AttributeError as exc:
            raise TaskError("exception", f"{module_name} has no {qualname!r}", cause=exc) from exc
    if not callable(target):
        raise TaskError("exception", f"{call} is not callable: it is {_a(target)}", cause=TypeError(call))
    return target  # type: ignore[no-any-return]


def refuse_lazy(value: Any) -> None:
    """A generator or a coroutine is work not done yet; it cannot be stored."""
    what = hint = ""
    if inspect.isgenerator(value):
        what, hint = "a generator", "return a list, for example list(...)"
    elif inspect.iscoroutine(value):
        value.close()  # or Python warns that it was never awaited
        what, hint = "a coroutine", "call it through asyncio.run and return its result"
    elif inspect.isasyncgen(value):
        what, hint = "an asynchronous generator", "collect it with asyncio.run and return a list"
    elif isinstance(value, (map, filter, zip)):
        what, hint = f"a {type(value).__name__} iterator", "return a list, for example list(...)"
    if what:
        raise TaskError("output", f"returned {what}", hint=hint)


def split_outputs(value: Any, names: tuple[str, ...] | None) -> dict[str, Any]:
    """Output name -> value; the one name is "" where the step declares none."""
    if names is None:
        return {"": value}
    declared = ", ".join(names)
    if isinstance(value, Mapping) and (len(names) > 1 or names[0] in value):
        missing = [n for n in names if n not in value]
        if missing:
            raise TaskError(
                "output",
                f"the step declares the outputs {declared}, but the returned dict "
                f"has no {', '.join(map(repr, missing))}",
                hint="return every declared name; other names are left out",
            )
        return {name: value[name] for name in names}
    in_order = isinstance(value, tuple) or (isinstance(value, list) and len(names) > 1)
    if in_order and len(value) == len(names):
        return dict(zip(names, value, strict=True))
    if in_order:
        raise TaskError(
            "output",
            f"the step declares {len(names)} outputs ({declared}), "
            f"but it returned {len(value)} values in a {type(value).__name__}",
        )
    if len(names) == 1:
        raise TaskError(
            "output",
            f"the step declares the output {declared}, but it returned {_a(value)}",
            hint=f"return {{{names[0]!r}: ...}}, or drop `outputs` and refer to the step itself",
        )
    raise TaskError(
        "output",
        f"the step declares the outputs {declared}, but it returned {_a(value)}",
        hint="return a dict with these names, or a tuple in this order",
    )


def run_checks(check: Mapping[str, str], value: Any, outputs: Mapping[str, Any]) -> None:
    """Call each check with its value. Raises ``TaskError`` for the first that says no."""
    for output, call in check.items():
        whole = outputs[""] if "" in outputs else dict(outputs)
        subject = whole if output == "" else outputs.get(output, value)
        of = f" of output {output}" if output else ""
        try:
            answer = resolve(call)(subject)
            refuse_lazy(answer)  # it has judged nothing yet
        except TaskError as exc:
            raise TaskError("check", f"check {call}{of}: {exc.message}", cause=exc.cause) from exc
        except BaseException as exc:
            raise TaskError("check", f"check {call}{of} failed", cause=exc) from exc
        if answer is False or (type(answer).__name__ in ("bool", "bool_") and not answer):
            raise TaskError("check", f"check {call}{of} returned False")


def _a(value: Any) -> str:
    kind = type(value).__qualname__
    if value is None:
        return "None"
    if isinstance(value, Mapping):
        return f"a {kind} with the keys {', '.join(map(repr, list(value)[:8]))}"
    if isinstance(value, (list, tuple)):
        return f"a {kind} of {len(value)}"
    return f"a value of type {kind}"
