"""Params: the file's values, then the profile's, then Python's, then the command line's.

The last two layers can be laid over what the file and the profile gave once: neither pydantic nor YAML is
loaded for plain values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import Place, Problem
from .hints import kind, one_of, show
from .params_full import Declared, declare, is_full_form
from .source import Path, SourceFile, SourceMap
from .yaml_scalars import resolve

_ANY: Any = object()  # no kind is asked for
# texts that are plain scalars in YAML
_PLAIN = re.compile(r"(?:[A-Za-z0-9_]|[-+.][0-9])[A-Za-z0-9_.+-]{0,99}\Z")


class ParamSet:
    """The params of one load, as they grow from layer to layer."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.declared: dict[str, Declared] = {}
        self.values: dict[str, Any] = {}
        self.set_at: dict[str, Place | None] = {}
        self.proved: set[str] = set()  # whose values are known to keep their bounds

    @classmethod
    def of_file(cls, raw: Mapping[str, Any], source: SourceMap) -> ParamSet:
        """What a file writes below ``params``."""
        params = cls()
        for name, value in raw.items():
            params._declare(name, value, source)
        return params

    @classmethod
    def kept(cls, declared: Mapping[str, Declared], values: Mapping[str, Any]) -> ParamSet:
        """What a file and a profile gave before, without a problem."""
        params = cls()
        params.declared = dict(declared)
        params.values = dict(values)
        params.set_at = dict.fromkeys(declared)
        params.proved = set(declared)
        return params

    def _declare(self, name: str, value: Any, source: SourceMap) -> None:
        place = source.place(("params", name))
        self.set_at[name] = place
        if not is_full_form(value):
            self.declared[name] = Declared(value)
            self.values[name] = _copy(value)
            return
        declared, wrong = declare(name, value)
        for key, message, hint in wrong:
            at = source.place(("params", name, key) if key else ("params", name))
            self.problems.append(Problem("param-declaration", message, at, hint))
        self.declared[name] = declared
        self.set_at[name] = place = source.place(("params", name, "default"))
        default = value["default"]
        fitted = default if default is None else _fit(declared.sample, default)
        if fitted is _ANY:
            message = f"the default of param '{name}' must be {kind(declared.sample)}, not {show(default)}"
            self.problems.append(Problem("param", message, place, _kind_hint(declared.sample, default)))
            self.declared[name] = Declared(None)
        self.values[name] = _copy(default if fitted is _ANY else fitted)

    # ---- layers ------------------------------------------------------------------------------

    def profile(self, profile: str, values: Mapping[str, Any], source: SourceMap) -> None:
        layer = _Layer(source, ("profiles", profile, "params"))
        for name, value in values.items():
            if self._known(name, layer):
                self._set(name, value, layer)

    def python(self, values: Mapping[str, Any]) -> None:
        layer = _Layer(None, ())
        for name, value in values.items():
            if not self._known(name, layer):
                continue
            try:
                plain = _plain(value, 0)
            except TypeError as error:
                self._report(layer, (name,), f"param '{name}' {error}, which is not plain data")
                continue
            self._set(name, plain, layer)

    def command_line(self, overrides: Sequence[str]) -> None:
        for text in overrides:
            self._override(text)

    def out_of_bounds(self) -> list[Problem]:
        """What the bounds of the full form say to the values as they are now."""
        found = []
        for name, declared in self.declared.items():
            for message in declared.check(self.values[name]) if name not in self.proved else ():
                text = f"param '{name}' {message}"
                found.append(Problem("param-bounds", text, self.set_at[name]))
        return found

    # ---- one value ---------------------------------------------------------------------------

    def _set(self, name: str, value: Any, layer: _Layer) -> None:
        self.set_at[name] = layer.place((name,))
        self.proved.discard(name)
        self.values[name] = self._merge(self.values[name], self.declared[name].sample, value, (name,), layer)

    def _override(self, text: str) -> None:
        target, equals, written = text.partition("=")
        target = target.strip()
        if not equals:
            self.problems.append(
                Problem("param-syntax", f"-p {text[:60]}: '=' is missing", None, "write -p NAME=VALUE")
            )
            return
        layer = _Layer(None, (), f"-p {target}: ")
        name, *inside = target.split(".")
        if not self._known(name, layer):
            return
        if not all(inside):
            self._report(layer, (name,), "a name is missing between the dots", "write -p NAME.KEY=VALUE")
            return
        base, sample = self.values[name], self.declared[name].sample
        base = _ANY if base is None and sample is None else base
        for depth, key in enumerate(inside):
            if not isinstance(base, dict) and base is not _ANY:
                owner = ".".join([name, *inside[:depth]])
                hint = "a list is replaced whole" if isinstance(base, list) else ""
                self._report(
                    layer, (name,), f"'{owner}' is {kind(base)}, not a mapping: nothing is inside it", hint
                )
                return
            base = base.get(key, _ANY) if isinstance(base, dict) else _ANY
            sample = sample.get(key, _ANY) if isinstance(sample, dict) else _ANY
        value: Any = written
        if not isinstance(sample, str):
            value, problems = _yaml(target, written)
            for problem in problems:
                self._report(layer, (name,), problem.message, problem.hint)
            if problems:
                return
        for key in reversed(inside):
            value = {key: value}
        self._set(name, value, layer)

    def _known(self, name: str, layer: _Layer) -> bool:
        if name in self.declared:
            return True
        hint = one_of(name, self.declared, "params") or "the file has no params"
        self.problems.append(
            Problem(
                "unknown-param", f"{layer.prefix}there is no param '{name}'", layer.place((name,), True), hint
            )
        )
        return False

    def _merge(self, base: Any, sample: Any, new: Any, path: tuple[str, ...], layer: _Layer) -> Any:
        """``new`` over ``base``, where ``sample`` (the file's own value) says the kind."""
        fitted = _fit(sample, new)
        if fitted is _ANY:
            what = "param '" + ".".join(path) + "'"
            self._report(
                layer, path, f"{what} must be {kind(sample)}, not {show(new)}", _kind_hint(sample, new)
            )
            return base if base is not _ANY else new
        if not isinstance(fitted, dict) or not isinstance(base, dict):
            return _copy(fitted)
        merged = dict(base)
        for key, value in fitted.items():
            inner = sample.get(key, _ANY) if isinstance(sample, dict) else _ANY
            merged[key] = self._merge(base.get(key, _ANY), inner, value, (*path, key), layer)
        return merged

    def _report(self, layer: _Layer, path: tuple[str, ...], message: str, hint: str = "") -> None:
        self.problems.append(Problem("param", layer.prefix + message, layer.place(path), hint))


class _Layer(NamedTuple):
    """Where values come from."""

    source: SourceMap | None
    at: Path
    prefix: str = ""

    def place(self, path: tuple[str, ...], key: bool = False) -> Place | None:
        return self.source.place((*self.at, *path), key) if self.source else None


def _yaml(target: str, written: str) -> tuple[Any, Sequence[Problem]]:
    """What a text of the command line says in YAML."""
    if _PLAIN.match(written):
        try:
            return resolve(written), ()
        except ValueError:  # then the parser says why
            pass
    from .yaml_source import parse

    parsed = parse(written, SourceFile(f"-p {target}", written))
    return parsed.root.data if parsed.root is not None else None, parsed.problems


def _fit(sample: Any, value: Any) -> Any:
    """The value as the sample's kind; ``_ANY`` where it does not fit."""
    if sample is _ANY or sample is None:
        return value
    if isinstance(sample, float) and type(value) is int:
        try:
            return float(value)
        except OverflowError:
            return _ANY
    return value if type(value) is type(sample) else _ANY


def _kind_hint(sample: Any, value: Any) -> str:
    if isinstance(sample, str) and isinstance(value, bool | int | float):
        return "quote it"
    if isinstance(sample, list) and value is not None:
        return "write a list: [...]"
    return ""


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _plain(value: Any, depth: int) -> Any:
    """A value from Python as YAML could have given it."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth > 100:
        raise TypeError("is nested more than 100 levels deep")
    if type(value) in (list, tuple):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"has the key {show(key)}")
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if type(value).__module__.split(".")[0] == "numpy" and hasattr(value, "tolist"):
        return _plain(value.tolist(), depth + 1)
    raise TypeError(f"has a value of type {type(value).__name__}")
