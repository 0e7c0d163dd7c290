"""The YAML files of a pipeline: the root file and what it includes, as one tree."""

from __future__ import annotations

import os
from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

from blake3 import blake3

from ..errors import PipelineError, Problem
from .hints import key_hint, show
from .messages import keys_of
from .models import IncludedSpec, PipelineSpec
from .source import Node, SourceFile, shown_name
from .yaml_source import MAX_BYTES, decode, parse

_INCLUDED_KEYS = keys_of(IncludedSpec)
_MERGED = ("params", "steps")


class Sources:
    """What was read. ``incomplete``: a part is missing, so that nothing can be said of references."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.files: list[tuple[str, str]] = []
        self.problems: list[Problem] = []
        self.incomplete = False


def read_sources(path: str) -> Sources:
    """The root file with its includes merged in.

    Raises:
        PipelineError: the file cannot be read, or is nothing like a pipeline.
    """
    data = _read(path)
    node, problems = _parse(data, path)
    if node is None:
        raise PipelineError(problems)
    problems += _shape(node)
    if problems and not isinstance(node.data, dict):
        raise PipelineError(problems)
    merged = Node(dict(node.data), dict(node.children or {}), node.source, node.line, node.column)
    sources = Sources(merged)
    sources.problems += problems
    absolute = os.path.abspath(path)
    sources.files.append((absolute, _digest(data)))
    _Includer(sources, os.path.dirname(absolute)).follow(node, [os.path.realpath(path)])
    steps = merged.data.get("steps")
    if not isinstance(steps, dict):
        if "steps" not in merged.data and not sources.incomplete:
            hint = (
                key_hint("pipeline", _like_steps(merged.data), ["steps"]) if _like_steps(merged.data) else ""
            )
            hint = hint or "add steps: {NAME: {call: package.module:function}}"
            sources.problems.append(Problem("no-steps", "the pipeline has no 'steps'", merged.place, hint))
        elif "steps" in merged.data:
            hint = "write each step as NAME: {call: ...}"
            place = merged.children["steps"][0 if steps is None else 1].place
            sources.problems.append(
                Problem("no-steps", f"steps must be a mapping, not {show(steps)}", place, hint)
            )
        raise PipelineError(sources.problems)
    return sources


def _like_steps(data: dict[str, Any]) -> str:
    for key in data:
        if key in {"stages", "jobs", "tasks", "nodes", "pipeline", "step"} or get_close_matches(
            key, ["steps"], 1, 0.7
        ):
            return key
    return ""


class _Includer:
    """Adds the steps and params of included files to the root's tree."""

    def __init__(self, sources: Sources, folder: str) -> None:
        self.sources = sources
        self.folder = folder
        self.seen: set[str] = set()

    def follow(self, node: Node, chain: list[str]) -> None:
        """``chain``: the real paths from the root file down to this one."""
        listed = node.children.get("include") if isinstance(node.children, dict) else None
        if listed is None:
            return
        entries = listed[1].children if isinstance(listed[1].children, list) else [listed[1]]
        for entry in entries:
            if isinstance(entry.data, str) and entry.data.strip():
                self.include(entry, chain)
            elif len(chain) > 1:  # of the root file the model reports it
                self.problem("include", f"include must be a path, not {show(entry.data)}", entry)

    def problem(self, code: str, message: str, node: Node, hint: str = "") -> None:
        self.sources.problems.append(Problem(code, message, node.place, hint))

    def include(self, entry: Node, chain: list[str]) -> None:
        path = os.path.join(self.folder, entry.data)
        real = os.path.realpath(path)
        if real in chain:
            names = " -> ".join(shown_name(p) for p in [*chain[chain.index(real) :], real])
            self.problem(
                "include-cycle", f"the files include each other: {names}", entry, "remove one of them"
            )
            self.sources.incomplete = True
            return
        if real in self.seen:
            return
        self.seen.add(real)
        try:
            data = _read(path, {os.path.basename(known) for known in chain})
        except PipelineError as error:
            found = error.problems[0]
            hint = found.hint or "paths count from the root file's folder"
            self.problem("include", found.message, entry, hint)
            self.sources.incomplete = True
            return
        self.sources.files.append((os.path.abspath(path), _digest(data)))
        node, problems = _parse(data, os.path.normpath(path))
        if node is not None:
            problems += _shape(node)
        self.sources.problems += problems
        if node is None or not isinstance(node.data, dict):
            self.sources.incomplete = True
            return
        self.merge(node)
        self.follow(node, [*chain, real])

    def merge(self, node: Node) -> None:
        for key, (key_node, value) in node.children.items():
            if key in _MERGED:
                self.add(key, key_node, value)
            elif key not in _INCLUDED_KEYS:
                known = key in PipelineSpec.model_fields
                message = f"an included file cannot have '{key}'" if known else f"unknown key '{key[:60]}'"
                hint = f"only the root file has it; here: {', '.join(_INCLUDED_KEYS)}" if known else ""
                hint = hint or key_hint("pipeline", key, _INCLUDED_KEYS)
                self.problem("unknown-key", message, key_node, hint)

    def add(self, key: str, key_node: Node, value: Node) -> None:
        if not isinstance(value.data, dict):
            at = key_node if value.data is None else value
            self.problem("value", f"{key} must be a mapping, not {show(value.data)}", at)
            self.sources.incomplete = True
            return
        tree: Any = self.sources.root
        if key not in tree.children:
            tree.children[key] = (key_node, Node({}, {}, value.source, value.line, value.column))
        holder = tree.children[key][1]
        if not isinstance(holder.data, dict):
            return  # reported with the root file
        holder = Node(dict(holder.data), dict(holder.children), holder.source, holder.line, holder.column)
        tree.children[key] = (tree.children[key][0], holder)
        tree.data[key] = holder.data
        for name, pair in value.children.items():
            if name in holder.data:
                first = holder.children[name][0].place
                what = key.removesuffix("s")
                self.problem(
                    "clash", f"{what} '{name}' is also defined in {first}", pair[0], "rename one of them"
                )
                continue
            holder.data[name] = pair[1].data
            holder.children[name] = pair


def _digest(data: bytes) -> str:
    return blake3(data).hexdigest(length=24)


def _read(path: str, known: Collection[str] = ()) -> bytes:
    try:
        if os.path.isdir(path):
            inside = os.path.join(path, "pipeline.yaml")
            hint = f"write {inside}" if os.path.exists(inside) else "name the file in it"
            raise PipelineError(Problem("no-file", f"'{path}' is a folder", None, hint))
        with open(path, "rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        problem = Problem("no-file", f"there is no file '{shown_name(path)}'", None, _near_file(path, known))
        raise PipelineError(problem) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"'{shown_name(path)}' cannot be read: {reason}"
        raise PipelineError(Problem("no-file", message)) from None


def _near_file(path: str, known: Collection[str]) -> str:
    folder = os.path.dirname(path)
    try:
        found = (name for name in os.listdir(folder or ".") if name.endswith((".yaml", ".yml")))
        names = sorted(name for name in found if name not in known)
    except OSError:
        return f"there is no folder '{folder}'" if folder else ""
    near = get_close_matches(os.path.basename(path), names, 1, 0.6)
    if near:
        return f"did you mean '{shown_name(os.path.join(folder, near[0]))}'?"
    return f"YAML files here: {', '.join(names[:8])}" if names else ""


def _parse(data: bytes, path: str) -> tuple[Node | None, list[Problem]]:
    name = shown_name(path)
    text, problems = decode(data, name)
    if problems:
        return None, list(problems)
    source = SourceFile(name, text, os.path.abspath(path))
    parsed = parse(text, source)
    found = list(parsed.problems)
    if parsed.root is None and not found:
        found.append(
            Problem("empty", "the file is empty", source.place(0, 0), "see prun init for a first pipeline")
        )
    return parsed.root, found


def _shape(node: Node) -> list[Problem]:
    if isinstance(node.data, dict):
        return []
    message = f"the file must be a mapping of keys such as 'steps', not {show(node.data)}"
    hint = ""
    if isinstance(node.data, str) and ":" in node.data:
        hint = "a space must follow the colon of a key"
    return [Problem("not-a-mapping", message, node.place, hint)]
