"""From references to values: what each task's arguments are, by content digest.

The ``Binder`` holds what the steps gave so far and answers, for a step and an item: which items
there are, what its arguments are bound to, which parts its cache key has. It decides nothing and
runs nothing; plain data is read through the ``Cache`` port, files through the ``FileTracker``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..keys.canonical import go_deeper, plain_digest
from ..keys.digest import combine
from ..model.artifact import ArgPart
from ..model.bound import Bound, Deep, FileArg, Inline, Many, Named, Secret, Stored
from ..model.graph import Files, Graph, Input, Literal, Ref, Step, Text
from ..resolve import condition
from .ports import Cache, Code, FileTracker
from .results import NOTHING, Selection, StepResult, Unknown, entry_bound

RUN_ID = "\0run.id\0"  # stands for the run's id wherever a key is made


class BindError(Exception):
    """An argument cannot be made; the message is for the user."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Args(NamedTuple):
    """Some arguments of a call: how the worker gets them, and their parts of the key."""

    bound: Mapping[str, Bound]
    parts: Mapping[str, ArgPart]
    env: Mapping[str, str]


class Binder:
    """Binds references. One for each run or plan."""

    def __init__(
        self,
        graph: Graph,
        params: Mapping[str, Any],
        run_id: str,
        cache: Cache,
        code: Code,
        files: FileTracker,
    ) -> None:
        self.graph = graph
        self.params = params
        self.run_id = run_id
        self.cache = cache
        self.code = code
        self.files = files
        self.results: dict[str, StepResult] = {}
        self.tracked_files: dict[str | tuple[str, ...], str] = {}  # what was tracked -> digest
        self._params: dict[tuple[str, tuple[str | int, ...]], Inline] = {}
        self._shared: dict[str, Args] = {}
        self._own: dict[str, tuple[str, ...]] = {}

    # ---- results -----------------------------------------------------------------------------

    def result(self, step: str) -> StepResult:
        found = self.results.get(step)
        if found is None:
            found = self.results[step] = StepResult(self.graph.steps[step])
        return found

    def forget_bindings(self, step: str) -> None:
        """Called when one of the step's needs gave a new result: its arguments are bound anew."""
        self._shared.pop(step, None)

    # ---- references --------------------------------------------------------------------------

    def bound(self, ref: Ref, step: Step, k: int | None) -> Bound:
        """What a reference gives in item ``k`` of a step.

        Raises:
            Unknown: it depends on a step that has not given its result.
            BindError: there is nothing at that path.
        """
        if ref.root == "params":
            return self.param(ref)
        if ref.root == "step":
            return self.step_output(ref, step)
        if ref.root == "secrets":
            return Secret(ref.name, self.graph.secrets[ref.name])
        if ref.root == "run":
            return Inline(plain_digest(RUN_ID), self.run_id)
        items = self.result(step.name).items
        assert items is not None, "item references are bound after expansion"
        assert k is not None
        base = items.axis(ref.name, k) if ref.root == "matrix" else items.item(k)
        return self.deeper(base, ref.path, ref)

    def param(self, ref: Ref) -> Inline:
        found = self._params.get((ref.name, ref.path))
        if found is None:
            try:
                value = go_deeper(self.params[ref.name], ref.path)
            except LookupError as error:
                raise BindError(f"{ref.text}: {_first_arg(error)}") from None
            found = self._params[ref.name, ref.path] = Inline(plain_digest(value), value)
        return found

    def step_output(self, ref: Ref, reader: Step) -> Bound:
        result = self.result(ref.name)
        if result.unknown:
            raise Unknown(ref.name)
        if result.skipped:
            return NOTHING
        step = result.step
        if step.fanout is not None:
            output, rest = None, ref.path
            if step.outputs is not None and rest and isinstance(rest[0], str):
                output, rest = rest[0], rest[1:]
            return self.deeper(result.gathered(output, self.aligned(reader, result)), rest, ref)
        entry = result.entry(0)
        if entry is None:
            return NOTHING
        return self.deeper(entry_bound(entry, step.outputs), ref.path, ref)

    def aligned(self, reader: Step, result: StepResult) -> Selection:
        """Which items of a fan-out a reader gathers.

        An item that is missing in one of the fan-outs that follow each other item by item and
        are read by the same step is left out of all of them; so is the inner list that ``.*``
        made of it.
        """
        present = self._present(reader, result.step.name)
        items = result.items
        outer = items.outer if items is not None else None
        if outer is None or items is None:
            return Selection(present, None)
        kept = self._present(reader, outer)
        if kept is None or items.outer_index is None:
            return Selection(present, None)
        wanted = set(kept)
        return Selection(present, [i for i, o in enumerate(items.outer_index) if o in wanted])

    def _present(self, reader: Step, name: str) -> list[int] | None:
        """The items that all fan-outs of a family have which a step gathers; None: all."""
        family = self.family(name)
        names = {name, *(r.name for r in step_refs(reader) if self.family(r.name) == family)}
        results = [r for r in map(self.result, sorted(names)) if not r.skipped]
        if all(r.complete for r in results):
            return None
        return [k for k in range(results[0].count or 0) if all(r.present(k) for r in results)]

    def family(self, step: str) -> str | None:
        """The fan-out whose items those of ``step`` are, through any number of follows."""
        found: Step | None = self.graph.steps[step]
        if found is None or found.fanout is None:
            return None
        while found is not None and found.follows is not None:
            found = self.graph.steps[found.follows]
        return found.name if found else None

    def deeper(self, base: Bound, path: Sequence[str | int], ref: Ref) -> Bound:
        """The part of something at a path, opened here if it is plain, else by the worker."""
        while path:
            if isinstance(base, Named):
                found = dict(base.items).get(str(path[0]))
                if found is None:
                    raise BindError(f"{ref.text}: there is no output {path[0]!r}")
                base, path = found, path[1:]
            elif isinstance(base, Many):
                if not isinstance(path[0], int) or not 0 <= path[0] < len(base.items):
                    raise BindError(f"{ref.text}: the list has {len(base.items)} items, no {path[0]!r}")
                base, path = base.items[path[0]], path[1:]
            elif isinstance(base, Stored) and base.artifact.codec != "data":
                return Deep(combine("deep", [base.digest, plain_digest(list(path))]), base, tuple(path))
            else:
                try:
                    value = go_deeper(self.plain(base, ref.text), path)
                except LookupError as error:
                    raise BindError(f"{ref.text}: {_first_arg(error)}") from None
                return Inline(plain_digest(value), value)
        return base

    def plain(self, bound: Bound, what: str) -> Any:
        """The value, where it is plain data.

        Raises:
            BindError: it is not.
        """
        if isinstance(bound, Inline):
            return bound.value
        if isinstance(bound, Stored) and bound.artifact.codec == "data":
            return self.cache.plain(bound.artifact)
        if isinstance(bound, Many):
            return [self.plain(b, what) for b in bound.items]
        if isinstance(bound, Named):
            return {name: self.plain(b, what) for name, b in bound.items}
        kind = bound.artifact.type if isinstance(bound, Stored) else "no plain data"
        raise BindError(
            f"{what} is {kind or 'no plain data'}, and only plain data can be looked into here",
            "return numbers, texts, lists or mappings from the step",
        )

    # ---- texts and conditions ------------------------------------------------------------------

    def text(self, text: Text | str, step: Step, k: int | None, *, key: bool = False) -> str:
        """A text with its references filled in; ``key``: as it counts in a cache key."""
        if isinstance(text, str):
            return text
        out = []
        for part in text.parts:
            if isinstance(part, str):
                out.append(part)
            elif part.root == "run":
                out.append(RUN_ID if key else self.run_id)
            else:
                out.append(as_text(self.plain(self.bound(part, step, k), part.text)))
        return "".join(out)

    def structure(self, value: Any, step: Step, k: int | None, *, key: bool = False) -> Any:
        """A literal with its texts filled in."""
        if isinstance(value, Text):
            return self.text(value, step, k, key=key)
        if type(value) is list:
            return [self.structure(v, step, k, key=key) for v in value]
        if type(value) is dict:
            return {n: self.structure(v, step, k, key=key) for n, v in value.items()}
        return value

    def holds(self, step: Step, k: int | None) -> bool:
        """Whether the step's ``when`` is true (for an item).

        Raises:
            BindError: it compares what cannot be compared.
        """
        if step.when is None:
            return True
        try:
            return condition.evaluate(step.when, lambda ref: self.plain(self.bound(ref, step, k), ref.text))
        except condition.NotPlain as error:
            raise BindError(f"when: {error}") from None

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

    def own_digests(self, step: Step, k: int) -> list[str]:
        """The digests of the parts that depend on the item, where ``own_is_plain``."""
        found = []
        for name in self.own_names(step):
            binding = step.args[name]
            assert isinstance(binding, Input)
            bound = self.bound(binding.ref, step, k)
            classes = classes_of(bound)
            digest = bound.digest
            if classes:
                digest = combine("with code", [digest, self.code.classes_digest(classes)])
            found.append(digest)
        return found

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
                counted = self.text(text, step, k, key=True)
                parts[f"env.{name}"] = ArgPart(
                    "literal", f"env {name}", plain_digest(counted), shorten(counted)
                )
        return Args(bounds, parts, env)

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
        digest = bound.digest
        classes = classes_of(bound)
        if classes:
            digest = combine("with code", [digest, self.code.classes_digest(classes)])
        shown = bound.value if isinstance(bound, Inline) else _INLINE_TEXT
        text = shorten(shown) if shown is not _INLINE_TEXT else _artifact_text(bound)
        return bound, ArgPart(kind, ref.text, digest, text)

    def tracked(self, binding: Files, step: Step, name: str, k: int | None) -> tuple[Bound, ArgPart]:
        source = binding.source
        if isinstance(source, Ref):
            value = self.plain(self.bound(source, step, k), source.text)
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
        return FileArg(found.digest, found.paths, found.many), ArgPart("file", found.what, found.digest)


# ---- helpers ---------------------------------------------------------------------------------------

_INLINE_TEXT = object()
_NO_ARGS = Args({}, {}, {})


def step_refs(step: Step) -> list[Ref]:
    """Every reference to a step's output in a step's arguments and condition."""
    found = []
    for binding in step.args.values():
        if isinstance(binding, Input):
            found.append(binding.ref)
        elif isinstance(binding, Files) and isinstance(binding.source, Ref):
            found.append(binding.source)
    if step.when is not None:
        found.extend(condition.references(step.when))
    return [r for r in found if r.root == "step"]


def varies_by_item(value: Any) -> bool:
    """Whether a binding, a text or a literal names the item or a matrix axis."""
    stack = [value]
    while stack:
        v = stack.pop()
        if isinstance(v, Ref):
            if v.root in ("item", "matrix"):
                return True
        elif isinstance(v, Input):
            stack.append(v.ref)
        elif isinstance(v, Files):
            stack.append(v.source)
        elif isinstance(v, Literal):
            stack.append(v.value)
        elif isinstance(v, Text):
            stack.extend(v.parts)
        elif type(v) is list:
            stack.extend(v)
        elif type(v) is dict:
            stack.extend(v.values())
    return False


def when_varies(step: Step) -> bool:
    """Whether ``when`` is asked for each item by itself."""
    return step.when is not None and any(
        r.root in ("item", "matrix") for r in condition.references(step.when)
    )


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


def as_text(value: Any) -> str:
    """A value inside a text: texts as they are, the rest as JSON would write it."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


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


def _first_arg(error: BaseException) -> str:
    return str(error.args[0]) if error.args else str(error)
