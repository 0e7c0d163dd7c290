"""From bindings to arguments: what each task is called with, and what of it counts for its key.

The ``Binder`` answers, for a step and an item, what its arguments are bound to and which parts its
cache key has. Files are looked at through the ``FileTracker``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from ..keys.canonical import plain_digest
from ..keys.digest import combine
from ..model.artifact import ArgPart
from ..model.bound import Bound, Deep, FileArg, Inline, Many, Named, Secret, Stored
from ..model.graph import Files, Input, Literal, Ref, Step
from .depends import varies_by_item
from .references import RUN_ID, BindError, References
from .results import Unknown


class Args(NamedTuple):
    """Some arguments of a call: how the worker gets them, and their parts of the key."""

    bound: Mapping[str, Bound]
    parts: Mapping[str, ArgPart]
    env: Mapping[str, str]


class Binder(References):
    """Binds references and arguments. One for each run or plan."""

    @cached_property
    def _shared(self) -> dict[str, Args]:
        return {}

    @cached_property
    def _own(self) -> dict[str, tuple[str, ...]]:
        return {}

    def forget_bindings(self, step: str) -> None:
        """Called when one of the step's needs gave a new result: its arguments are bound anew."""
        self._shared.pop(step, None)

    # ---- arguments -----------------------------------------------------------------------------

    def shared_args(self, step: Step) -> Args:
        """The arguments (and env) that are the same for all items of a step."""
        found = self._shared.get(step.name)
        if found is None:
            found = self._shared[step.name] = self._args(step, None, lambda varies: not varies)
        return found

    def own_args(self, step: Step, k: int) -> Args:
        """The arguments that depend on the item."""
        if step.fanout is None:
            return _NO_ARGS
        return self._args(step, k, lambda varies: varies)

    def own_names(self, step: Step) -> tuple[str, ...]:
        """The names of the parts that depend on the item, sorted."""
        found = self._own.get(step.name)
        if found is None:
            names = [n for n, b in step.args.items() if varies_by_item(b) and n not in step.cache.ignore]
            names += [f"env.{n}" for n, text in step.env.items() if varies_by_item(text)]
            found = self._own[step.name] = tuple(sorted(names))
        return found

    def own_is_plain(self, step: Step) -> bool:
        """Whether all that depends on the item is an input: cheap to bind, and bound again at will."""
        args = step.args
        return all(n in args and isinstance(args[n], Input) for n in self.own_names(step))

    def own_digests(self, step: Step, items: Sequence[int]) -> list[Sequence[str]]:
        """The digests of the parts that depend on the item, a column each, where ``own_is_plain``."""
        refs = [b.ref for n in self.own_names(step) if isinstance(b := step.args[n], Input)]
        return [self._ref_digests(ref, step, items) for ref in refs]

    def _ref_digests(self, ref: Ref, step: Step, items: Sequence[int]) -> Sequence[str]:
        found = self.result(step.name).items
        if ref.root == "item" and not ref.path and found is not None:
            digests = found.digests(items)
            if digests is not None:
                return digests
        return [self.keyed(self.bound(ref, step, k)) for k in items]

    def keyed(self, bound: Bound) -> str:
        """What counts of a value in a key: its content, and the code of the classes that it carries."""
        classes = classes_of(bound)
        if not classes:
            return bound.digest
        return combine("with code", [bound.digest, self.code.classes_digest(classes)])

    def known_parts(self, step: Step, k: int | None) -> tuple[dict[str, ArgPart], set[str]]:
        """The parts that can be told now, and the names of those that cannot (for a plan)."""
        parts: dict[str, ArgPart] = {}
        unknown: set[str] = set()
        for name in step.args:
            if name in step.cache.ignore:
                continue
            try:
                if k is None and varies_by_item(step.args[name]):
                    raise Unknown(step.name)
                _, part = self.argument(step, name, k)
            except Unknown:
                unknown.add(name)
            else:
                if part is not None:
                    parts[name] = part
        for name, text in step.env.items():
            if k is None and varies_by_item(text):
                unknown.add(f"env.{name}")
            else:
                parts[f"env.{name}"] = self._env_part(step, name, k)
        return parts, unknown

    def _args(self, step: Step, k: int | None, wanted: Callable[[bool], bool]) -> Args:
        bounds: dict[str, Bound] = {}
        parts: dict[str, ArgPart] = {}
        for name, binding in step.args.items():
            if wanted(varies_by_item(binding)):
                bound, part = self.argument(step, name, k)
                bounds[name] = bound
                if part is not None and name not in step.cache.ignore:
                    parts[name] = part
        env = {}
        for name, text in step.env.items():
            if wanted(varies_by_item(text)):
                env[name] = self.text(text, step, k)
                parts[f"env.{name}"] = self._env_part(step, name, k)
        return Args(bounds, parts, env)

    def _env_part(self, step: Step, name: str, k: int | None) -> ArgPart:
        counted = self.text(step.env[name], step, k, key=True)
        return ArgPart("literal", f"env {name}", plain_digest(counted), shorten(counted))

    def argument(self, step: Step, name: str, k: int | None) -> tuple[Bound, ArgPart | None]:
        """One argument; no part where it never enters a key."""
        binding = step.args[name]
        if isinstance(binding, Literal):
            value = self.structure(binding.value, step, k)
            counted = self.structure(binding.value, step, k, key=True)
            digest = plain_digest(counted)
            return Inline(digest, value), ArgPart("literal", name, digest, shorten(counted))
        if isinstance(binding, Files):
            return self.tracked(binding, step, name, k)
        ref = binding.ref
        bound = self.bound(ref, step, k)
        if isinstance(bound, Secret) or ref.root == "run":
            return bound, None
        kind = {"params": "param", "step": "input"}.get(ref.root, "item")
        digest = self.keyed(bound)
        shown = bound.value if isinstance(bound, Inline) else _INLINE_TEXT
        text = shorten(shown) if shown is not _INLINE_TEXT else _artifact_text(bound)
        return bound, ArgPart(kind, ref.text, digest, text)

    def tracked(self, binding: Files, step: Step, name: str, k: int | None) -> tuple[Bound, ArgPart]:
        source = binding.source
        if isinstance(source, Ref):
            path = self.bound(source, step, k)
            if isinstance(path, Stored) and path.artifact.codec in ("file", "tree"):
                raise BindError(
                    f"files.{name}: {source.text} is the path of what a step made",
                    f"hand it on with inputs: {{{name}: {source.text}}}: it arrives as a pathlib.Path",
                )
            value = self.plain(path, source.text)
            if not (isinstance(value, str) or _texts(value)):
                raise BindError(f"{source.text} is {shorten(value)}, not a path or a list of paths")
        else:
            value = self.text(source, step, k)
        try:
            found = self.files.track(list(value) if not isinstance(value, str) else value)
            self.tracked_files[value if isinstance(value, str) else tuple(value)] = found.digest
        except (OSError, ValueError) as error:
            message = getattr(error, "strerror", None) or str(error)
            if isinstance(error, OSError) and error.filename:
                message = f"{error.filename}: {message}"
            raise BindError(f"files.{name}: {message}", getattr(error, "hint", "")) from None
        bound = FileArg(found.digest, found.paths, found.many, found.seen)
        return bound, ArgPart("file", found.what, found.digest)


# ---- helpers ---------------------------------------------------------------------------------------

_INLINE_TEXT = object()
_NO_ARGS = Args({}, {}, {})


def classes_of(bound: Bound) -> tuple[str, ...]:
    """The project classes that a value carries."""
    if isinstance(bound, Stored):
        return bound.artifact.classes
    if isinstance(bound, Deep):
        return classes_of(bound.base)
    parts: Iterable[Bound] = ()
    if isinstance(bound, Many):
        parts = bound.items
    elif isinstance(bound, Named):
        parts = [b for _, b in bound.items]
    found: set[str] = set()
    for b in parts:
        found.update(classes_of(b))
    return tuple(sorted(found))


def shorten(value: Any, width: int = 120) -> str:
    text = repr(value).replace(RUN_ID, "${{ run.id }}").replace("\\x00run.id\\x00", "${{ run.id }}")
    return text if len(text) <= width else text[: width - 3] + "..."


def _artifact_text(bound: Bound) -> str:
    if isinstance(bound, Stored):
        inline = bound.artifact.inline
        return inline if inline is not None and len(inline) <= 120 else bound.artifact.type
    return ""


def _texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value)
