"""A pipeline file, read and checked step by step: everything that is wrong with it at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from ..errors import PipelineError, Problem
from ..model.names import NAME, RESERVED
from . import types
from .files import Sources, read_sources
from .hints import one_of, show
from .messages import problems_of
from .models import PipelineSpec, ProfileSpec, StepSpec
from .params import ParamSet
from .params_full import Declared
from .source import Node, SourceMap

_OWN_KEYS = frozenset({"env", "pools", "profiles", "secrets"})  # top keys whose entries are judged one by one
UNKNOWN = "unknown:unknown"  # stands for a call that cannot be read
_ARGUMENTS = frozenset({"inputs", "files", "with"})  # of a step: their entries are


class Base(NamedTuple):
    """The params as the file and the profile have them; ``sound``: nothing is wrong with them."""

    declared: Mapping[str, Declared]
    values: Mapping[str, Any]
    sound: bool


class Loaded(NamedTuple):
    """What a file says, and what is wrong with it."""

    spec: PipelineSpec  # without the broken steps; profile and defaults of cache and on_error applied
    params: dict[str, Any]  # final values
    base: Base
    source: SourceMap
    root: str  # absolute path of the file's folder
    file: str  # absolute path
    files: tuple[tuple[str, str], ...]  # every YAML file read: absolute path, digest of its bytes
    problems: tuple[Problem, ...]
    broken: frozenset[str]  # names of steps whose own definition is wrong
    rest: dict[str, StepSpec]  # what of these can be read nevertheless, to judge the references in it


def load(
    path: str | os.PathLike[str],
    *,
    profile: str | None = None,
    params: Mapping[str, Any] | None = None,
    overrides: Sequence[str] = (),
) -> Loaded:
    """Read a pipeline file with its includes, profile and params.

    Raises:
        PipelineError: where nothing useful can be built; otherwise ``problems`` tells what is wrong.
    """
    file = os.path.abspath(os.fspath(path))
    sources = read_sources(os.fspath(path))
    loader = _Loader(sources)
    spec = loader.pipeline()
    loader.steps(spec)
    if profile is not None:
        loader.overlay(spec, profile)
    values = loader.params(spec, profile, params or {}, overrides)
    if not spec.name:
        spec.name = _default_name(file)
    if sources.incomplete:
        raise PipelineError(loader.problems)
    return Loaded(
        spec,
        values,
        loader.base,
        loader.source,
        os.path.dirname(file),
        file,
        tuple(sources.files),
        tuple(loader.problems),
        frozenset(loader.broken),
        loader.rest,
    )


def _default_name(file: str) -> str:
    stem = os.path.splitext(os.path.basename(file))[0]
    return (os.path.basename(os.path.dirname(file)) if stem == "pipeline" else stem) or "pipeline"


class _Loader:
    def __init__(self, sources: Sources) -> None:
        self.root: Node = sources.root
        self.data: dict[str, Any] = sources.root.data
        self.source = SourceMap(sources.root)
        self.problems: list[Problem] = list(sources.problems)
        self.broken: set[str] = set()
        self.rest: dict[str, StepSpec] = {}
        self.base = Base({}, {}, False)

    def report(
        self, code: str, message: str, path: tuple[str | int, ...], hint: str = "", key: bool = False
    ) -> None:
        self.problems.append(Problem(code, message, self.source.place(path, key), hint))

    # ---- the top -----------------------------------------------------------------------------

    def pipeline(self) -> PipelineSpec:
        """Everything but steps and params; what is wrong is reported and left out."""
        top = {key: value for key, value in self.data.items() if key not in {"steps", "params"}}
        while True:
            try:
                return PipelineSpec.model_validate(top)
            except ValidationError as error:
                self.problems += problems_of(error, self.source, (), "pipeline")
                for found in error.errors(include_url=False, include_input=False):
                    _leave_out(top, found["loc"])

    def steps(self, spec: PipelineSpec) -> None:
        steps = self.data.get("steps")
        if steps == {}:
            self.report(
                "no-steps",
                "the pipeline has no steps",
                ("steps",),
                "add one: NAME: {call: module:function}",
                key=True,
            )
        for name, value in (steps or {}).items():
            step = self.step(name, value)
            if step is None:
                self.broken.add(name)
                continue
            spec.steps[name] = step
            given = step.model_fields_set
            if spec.defaults.cache is not None and "cache" not in given:
                step.cache = spec.defaults.cache.model_copy(deep=True)
            if step.on_error is None:
                step.on_error = spec.defaults.on_error

    def step(self, name: str, value: Any) -> StepSpec | None:
        path = ("steps", name)
        named = self.step_name(name)
        if not isinstance(value, dict):
            hint = f"write {name}: {{call: package.module:function}}"
            self.report(
                "step", f"step '{name}' must be a mapping, not {show(value)}", path, hint, key=value is None
            )
            return None
        try:
            step = StepSpec.model_validate(value)
        except ValidationError as error:
            self.problems += problems_of(error, self.source, path, "step")
            self.keep_rest(name, value, [found["loc"] for found in error.errors(include_url=False)])
            return None
        if not named:
            self.rest[name] = step
        return step if named else None

    def keep_rest(self, name: str, value: dict[str, Any], wrong: Sequence[tuple[str | int, ...]]) -> None:
        """What a step says beside what is wrong with it."""
        kept = dict(value)
        for key, *inside in wrong:
            arguments = kept.pop(str(key), None)
            if inside and isinstance(arguments, dict) and key in _ARGUMENTS:
                kept[str(key)] = {name: item for name, item in arguments.items() if name != inside[0]}
        try:
            self.rest[name] = StepSpec.model_validate({"call": UNKNOWN, **kept})
        except ValidationError:  # what else is wrong follows from that
            pass

    def step_name(self, name: str) -> bool:
        if name in RESERVED:
            self.report(
                "step-name",
                f"no step can be called '{name}': references use the word",
                ("steps", name),
                "give it another name",
                key=True,
            )
            return False
        return self.valid_name(name, ("steps", name), "step-name")

    def valid_name(self, name: str, path: tuple[str, ...], code: str) -> bool:
        if NAME.match(name):
            return True
        try:
            types.name(name)
        except PydanticCustomError as error:
            context = error.context or {}
            self.report(code, context["message"], path, context["hint"], key=True)
        return False

    # ---- profile and params --------------------------------------------------------------------

    def overlay(self, spec: PipelineSpec, profile: str) -> None:
        chosen = spec.profiles.get(profile)
        if chosen is None:
            written = self.data.get("profiles")
            if not isinstance(written, dict) or profile not in written:
                hint = one_of(profile, spec.profiles, "profiles") or "the file has no profiles"
                self.problems.append(
                    Problem("unknown-profile", f"there is no profile '{profile}'", None, hint)
                )
            return
        if chosen.store is not None:
            before = spec.store.model_dump(exclude_unset=True) if spec.store is not None else {}
            spec.store = chosen.store.model_copy(update=before | chosen.store.model_dump(exclude_unset=True))
        if chosen.image is not None:
            spec.image = chosen.image
        if chosen.executor is not None:
            spec.executor = spec.executor.model_copy(update=chosen.executor.model_dump(exclude_unset=True))
        spec.env = spec.env | chosen.env
        self.source = SourceMap(_overlaid(self.root, ("profiles", profile), chosen))

    def params(
        self, spec: PipelineSpec, profile: str | None, python: Mapping[str, Any], overrides: Sequence[str]
    ) -> dict[str, Any]:
        written = self.data.get("params", {})
        if not isinstance(written, dict):
            self.report(
                "value",
                f"params must be a mapping, not {show(written)}",
                ("params",),
                "write NAME: VALUE for each",
                key=written is None,
            )
            return {}
        named = {k: v for k, v in written.items() if self.valid_name(k, ("params", k), "param-name")}
        layers = ParamSet.of_file(named, self.source)
        if profile is not None and profile in spec.profiles:
            layers.profile(profile, spec.profiles[profile].params, self.source)
        sound = not (layers.problems or layers.out_of_bounds())
        self.base = Base(layers.declared, dict(layers.values), sound)
        layers.python(python)
        layers.command_line(overrides)
        self.problems += [*layers.problems, *layers.out_of_bounds()]
        for other, overlay in spec.profiles.items():
            if other != profile:
                self.judge_profile(other, overlay, named)
        spec.params = layers.values
        return layers.values

    def judge_profile(self, profile: str, overlay: ProfileSpec, named: dict[str, Any]) -> None:
        """The params of a profile that was not chosen."""
        if overlay.params:
            trial = ParamSet.of_file(named, self.source)
            trial.profile(profile, overlay.params, self.source)
            found = [*trial.problems, *trial.out_of_bounds()]
            self.problems += [problem for problem in found if problem not in self.problems]


def _leave_out(top: dict[str, Any], loc: Sequence[str | int]) -> None:
    """Remove what was found wrong, so that the rest can be read."""
    key = str(loc[0])
    inner = top.get(key)
    if len(loc) == 1 or key not in _OWN_KEYS or not isinstance(inner, dict):
        top.pop(key, None)
        return
    kept = {name: value for name, value in inner.items() if name != loc[1]}
    if key == "secrets" and NAME.match(str(loc[1])):
        kept[str(loc[1])] = "env:_"  # stays known, so that references to it are not reported too
    top[key] = kept


def _overlaid(root: Node, at: tuple[str, str], profile: ProfileSpec) -> Node:
    """The tree of places, in which what a profile sets stands where the profile sets it."""
    node: Any = root
    for name in at:
        node = node.children[name][1]
    children: dict[str, Any] = dict(root.children)
    for key in ("store", "image", "executor"):
        if getattr(profile, key) is not None:
            children[key] = node.children[key]
    if profile.env:
        above = children.get("env")
        merged = {**(above[1].children if above else {}), **node.children["env"][1].children}
        key_node, value = above or node.children["env"]
        children["env"] = (key_node, Node(None, merged, value.source, value.line, value.column))
    return Node(root.data, children, root.source, root.line, root.column)
