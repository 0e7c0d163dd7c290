"""pydantic's findings, said for people."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from ..errors import Place, Problem
from . import models
from .hints import key_hint, show
from .source import Path, SourceMap

_LEVELS: dict[str, type[BaseModel]] = {
    "retry": models.RetrySpec, "executor": models.ExecutorSpec, "cache": models.CacheSpec,
    "foreach": models.ForEachSpec, "resources": models.ResourcesSpec, "schedule": models.ScheduleSpec,
    "defaults": models.DefaultsSpec,
}  # fmt: skip
_MISSING = {
    "call": "add call: package.module:function",
    "limit": "add limit: how many times to try again",
    "in": "add in: the list, or a reference to it",
    "cron": 'add cron: "0 6 * * 1"',
}


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys a model knows, as they stand in YAML."""
    return [field.alias or name for name, field in model.model_fields.items()]


def level_of(loc: Path, top: str) -> tuple[str, type[BaseModel]]:
    """The model that holds the last key of a location, and its short name."""
    if len(loc) > 1 and loc[-2] in _LEVELS:
        return str(loc[-2]), _LEVELS[str(loc[-2])]
    if top == "pipeline" and len(loc) == 3 and loc[0] == "profiles":
        return "profile", models.ProfileSpec
    return top, models.StepSpec if top == "step" else models.PipelineSpec


def problems_of(error: ValidationError, source: SourceMap, at: Path, top: str) -> list[Problem]:
    """``at``: the path of what was validated; ``top``: "step" or "pipeline"."""
    found = error.errors(include_url=False)
    wrong_keys = {tuple(one["loc"][:-1]) for one in found if one["loc"][-1:] == ("[key]",)}
    problems = [_problem(one, source, at, top) for one in found if tuple(one["loc"]) not in wrong_keys]
    meant = {problem.hint for problem in problems if problem.code == "unknown-key"}
    return [
        p
        for p in problems
        if p.code != "missing-key" or f"did you mean {p.message.split()[-1]}?" not in meant
    ]


def _problem(found: Any, source: SourceMap, at: Path, top: str) -> Problem:
    loc: Path = tuple(found["loc"])
    kind, value, context = found["type"], found.get("input"), found.get("ctx") or {}
    is_key = bool(loc) and loc[-1] == "[key]"
    loc = loc[:-1] if is_key else loc
    subject = _subject(loc)
    if kind == "extra_forbidden":
        return unknown_key(str(loc[-1]), *level_of(loc, top), source, (*at, *loc))
    if kind == "missing":
        return _missing(str(loc[-1]), source, at, loc)
    if kind == "prun":
        message = _said(subject, context["message"])
        return Problem(context["code"], message, _place(source, at, loc, is_key), context["hint"])
    message, hint = _plain(kind, "..." if loc == ("secrets",) and value is not None else value)
    return Problem("value", f"{subject} {message}", _place(source, at, loc, is_key), hint)


def _place(source: SourceMap, at: Path, loc: Path, is_key: bool) -> Place | None:
    place = source.place((*at, *loc), is_key)
    if place is not None and not at and loc[:1] == ("secrets",):
        return place._replace(text="")  # what stands there may be a secret itself
    return place


def unknown_key(key: str, level: str, model: type[BaseModel], source: SourceMap, path: Path) -> Problem:
    hint = key_hint(level, key, keys_of(model))
    return Problem("unknown-key", f"unknown key '{key[:60]}'", source.place(path, key=True), hint)


def _missing(key: str, source: SourceMap, at: Path, loc: Path) -> Problem:
    holder = (*at, *loc[:-1])
    owner = f"step '{holder[-1]}'" if at and len(loc) == 1 else f"'{holder[-1]}'"
    return Problem(
        "missing-key", f"{owner} has no '{key}'", source.place(holder, key=True), _MISSING.get(key, "")
    )


def _subject(loc: Path) -> str:
    """``retry.on[0]`` is told as ``on[0]``; a key of the user's own with what holds it."""
    names = [part for part in loc if isinstance(part, str) and part]
    if not names:
        return "the value"
    position = f"[{loc[-1]}]" if isinstance(loc[-1], int) else ""
    own = len(names) > 1 and names[-2] in {"inputs", "files", "with", "env", "matrix", "secrets", "check",
                                           "publish", "profiles"}  # fmt: skip
    return (f"{names[-2]}.{names[-1]}" if own else names[-1]) + position


def _said(subject: str, message: str) -> str:
    if message.startswith("'"):
        return message
    return (
        f"{subject} {message}" if message.startswith(("must", "name", "never")) else f"{subject}: {message}"
    )


def _plain(kind: str, value: Any) -> tuple[str, str]:
    if kind in {"dict_type", "model_type", "model_attributes_type"}:
        hint = "remove the key, or give it a mapping" if value is None else ""
        return f"must be a mapping, not {show(value)}", hint
    if kind == "list_type":
        hint = "remove the key, or give it a list" if value is None else ""
        return f"must be a list, not {show(value)}", hint
    if kind in {"too_short", "string_too_short"}:
        return "must not be empty", "leave it out"
    return "is not valid", ""
