"""Why a task runs: what differs between the parts of its key and those of an earlier entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..model.artifact import GONE, ONE_RUN, ArgPart, CacheKey, Damaged, Entry, Recipe
from ..model.decision import Reason
from .ports import History

_KINDS = {"param": "param", "literal": "param", "file": "file", "input": "input", "item": "input"}


def first(steps: Iterable[str]) -> list[Reason]:
    """What has to run before it can be told."""
    return [Reason("input", name, "has to run first") for name in steps]


def since_the_last(
    history: History,
    recipe: Recipe,
    step: str,
    item: str | None,
    at: CacheKey | None,
    parts: Mapping[str, ArgPart],
) -> list[Reason]:
    """What changed since the last entry of a step's item; ``at``: the key that was looked up."""
    if at is not None and history.had(step, at):
        return [damage(GONE)]
    previous = history.previous(step, item, parts)
    before = history.recipe(previous.key.recipe) if previous is not None else None
    return explain(recipe, parts, previous, before)


def explain(
    recipe: Recipe,
    parts: Mapping[str, ArgPart],
    previous: Entry | None,
    previous_recipe: Recipe | None,
) -> list[Reason]:
    """What changed since an earlier entry; ``new`` where there is none to compare with."""
    if previous is None:
        return [Reason("new")]
    reasons: list[Reason] = []
    if previous.key.recipe != recipe.digest:
        reasons += recipe_changes(previous_recipe, recipe)
    reasons += argument_changes(previous.parts, parts)
    if not reasons and previous.key.args.startswith(ONE_RUN):
        return [Reason("cache-off", "", "it loaded code that its cache key was not made from")]
    return reasons or [Reason("missing", "", "its entry is not in the store")]


def damage(found: Damaged) -> Reason:
    return Reason(found.kind, "", found.detail)


def recipe_changes(old: Recipe | None, new: Recipe) -> list[Reason]:
    """What differs in what the callable does."""
    if old is None:
        return [Reason("code", "", "what it did before is not known any more")]
    reasons = []
    for name in [*new.code, *(n for n in old.code if n not in new.code)]:
        if old.code.get(name) != new.code.get(name):
            reasons.append(Reason("code", name, _place(name, old, new)))
    for name in sorted({*old.packages, *new.packages}):
        before, after = old.packages.get(name), new.packages.get(name)
        if before != after:
            reasons.append(Reason("package", name, _change(before, after)))
    if old.python != new.python:
        reasons.append(Reason("python", "python", _change(old.python, new.python)))
    if old.version != new.version:
        reasons.append(Reason("version", "cache.version", _change(old.version or None, new.version or None)))
    if old.outputs != new.outputs:
        reasons.append(Reason("code", "outputs", _change(_names(old.outputs), _names(new.outputs))))
    if dict(old.check) != dict(new.check) and not reasons:
        reasons.append(Reason("code", "check", "another check"))
    return reasons


def argument_changes(old: Mapping[str, ArgPart], new: Mapping[str, ArgPart]) -> list[Reason]:
    """What differs in the arguments."""
    reasons = []
    for name, part in new.items():
        before = old.get(name)
        kind = _KINDS.get(part.kind, "input")
        what = part.what if part.kind in ("param", "input", "file", "item") else name
        if before is None:
            reasons.append(Reason(kind, what or name, "a new argument"))
        elif before.digest != part.digest:
            detail = ""
            if before.text and part.text and before.text != part.text:
                detail = f"{before.text} -> {part.text}"
            elif part.kind == "file":
                detail = "its content changed"
            reasons.append(Reason(kind, what or name, detail))
    for name, part in old.items():
        if name not in new:
            reasons.append(Reason(_KINDS.get(part.kind, "input"), part.what or name, "no argument any more"))
    return reasons


def in_words(reasons: list[Reason]) -> str:
    """The first reason in a few words, for one line."""
    if not reasons:
        return ""
    first = reasons[0]
    words = {
        "new": "new", "forced": "forced", "cache-off": "cache off", "missing": "its result is missing",
        "corrupt": "its result is damaged",
    }.get(first.kind) or f"{first.kind} {first.what}".strip()  # fmt: skip
    if first.detail and first.kind in ("param", "package", "python", "version", "code"):
        words += f" ({first.detail})"
    return words + (f" and {len(reasons) - 1} more" if len(reasons) > 1 else "")


def _place(name: str, old: Recipe, new: Recipe) -> str:
    where = new.where.get(name)
    place = f"{where[0]}:{where[1]}" if where else ""
    if name not in old.code:
        return f"{place}, not reached before".strip(", ")
    if name not in new.code:
        return "not reached any more"
    return place


def _change(before: str | None, after: str | None) -> str:
    return f"{before or 'none'} -> {after or 'none'}"


def _names(outputs: tuple[str, ...] | None) -> str | None:
    return ", ".join(outputs) if outputs else None
