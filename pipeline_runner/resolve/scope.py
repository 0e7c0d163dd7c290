"""What names, texts and conditions may stand for inside one step."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from ..errors import Problem
from ..model.graph import Ref, Text
from ..spec.load import Loaded
from ..spec.models import StepSpec
from ..spec.reference import RefError, parse_reference, parse_text
from . import condition

Path: TypeAlias = tuple[str | int, ...]

# the roots of references that may stand somewhere
ANYWHERE = frozenset({"params", "step", "item", "matrix", "secrets", "run"})
PLAIN = frozenset({"params", "step", "item", "matrix", "run"})
TEXT = frozenset({"params", "item", "matrix", "run"})


class Context:
    """A loaded pipeline: its names, and the problems found in it."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.spec = loaded.spec
        self.problems: list[Problem] = []
        self.known = set(self.spec.steps) | set(loaded.broken)
        self.bad: set[str] = set()  # steps with a problem of their own

    def problem(self, code: str, message: str, path: Path, hint: str = "", *, key: bool = False) -> None:
        self.problems.append(Problem(code, message, self.loaded.source.place(path, key=key), hint))
        if path[0] == "steps":
            self.bad.add(str(path[1]))

    def near_step(self, name: str) -> str:
        near = difflib.get_close_matches(name, sorted(self.known), 1)
        if near:
            return f"did you mean {near[0]!r}?"
        return "steps: " + ", ".join([*self.spec.steps, *sorted(self.loaded.broken)][:12])


class Scope:
    """What references may name inside one step, and which it named."""

    def __init__(self, context: Context, name: str, spec: StepSpec) -> None:
        self.context = context
        self.name = name
        self.spec = spec
        self.refs: list[Ref] = []

    def reference(self, text: str, path: Path, roots: frozenset[str], *, star: bool = False) -> Ref | None:
        try:
            ref = parse_reference(text)
        except RefError as error:
            self.context.problem("reference", error.message, path, error.hint)
            return None
        if ref.star and not star:
            self.context.problem("star", f"{text!r}: '.*' stands in foreach only", path)
            return None
        return ref if self.accept(ref, path, roots) else None

    def accept(self, ref: Ref, path: Path, roots: frozenset[str], else_hint: str = "") -> bool:
        """Whether the reference means something here; says so where it does not.

        ``else_hint``: what it may have been meant for, where no step has a name like it.
        """
        for code, message, hint in self.wrong(ref, roots):
            if else_hint and code == "unknown-step" and not hint.startswith("did you mean"):
                hint = else_hint
            self.context.problem(code, message, path, hint)
            return False
        self.refs.append(ref)
        return True

    def wrong(self, ref: Ref, roots: frozenset[str]) -> Iterator[tuple[str, str, str]]:
        spec = self.context.spec
        shown = repr(ref.text)
        if ref.root not in roots:
            yield _not_here(ref, roots)
        elif ref.root == "params":
            if ref.name not in self.context.loaded.params:
                yield (
                    "unknown-param",
                    f"there is no param {ref.name!r}",
                    near_name(ref.name, self.context.loaded.params),
                )
        elif ref.root == "secrets":
            if ref.name not in spec.secrets:
                yield "unknown-secret", f"there is no secret {ref.name!r}", near_name(ref.name, spec.secrets)
        elif ref.root == "item":
            if self.spec.foreach is None:
                hint = "use matrix.NAME" if self.spec.matrix is not None else "add foreach to the step"
                yield "no-item", f"{shown}: step {self.name!r} has no foreach", hint
        elif ref.root == "matrix":
            if self.spec.matrix is None:
                yield "no-matrix", f"{shown}: step {self.name!r} has no matrix", "add matrix to the step"
            elif ref.name not in self.spec.matrix:
                yield (
                    "unknown-axis",
                    f"the matrix has no axis {ref.name!r}",
                    near_name(ref.name, self.spec.matrix),
                )
        elif ref.root == "step":
            yield from self.wrong_step(ref)

    def wrong_step(self, ref: Ref) -> Iterator[tuple[str, str, str]]:
        context = self.context
        if ref.name == self.name:
            yield "cycle", f"step {self.name!r} needs itself", ""
        elif ref.name not in context.known:
            hint = context.near_step(ref.name)
            if ref.name in context.loaded.params:
                hint = f"did you mean 'params.{ref.text}'?"
            yield "unknown-step", f"there is no step {ref.name!r}", hint
        elif (target := context.spec.steps.get(ref.name)) is not None and target.outputs is not None:
            named = [p for p in ref.path if isinstance(p, str)]
            fan_out = target.foreach is not None or target.matrix is not None
            first = ref.path[0] if ref.path else None
            if fan_out and isinstance(first, int):
                first = ref.path[1] if len(ref.path) > 1 else None
            if first is not None and first not in target.outputs:
                wrong = named[0] if named else str(first)
                near = difflib.get_close_matches(wrong, target.outputs, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"its outputs: {', '.join(target.outputs)}"
                yield "unknown-output", f"step {ref.name!r} declares no output {wrong!r}", hint

    # ---- texts and conditions ------------------------------------------------------------------

    def text(self, value: str, path: Path, roots: frozenset[str] = TEXT) -> Text | str:
        try:
            text = parse_text(value)
        except RefError as error:
            self.context.problem("reference", f"{error.message} in {value!r}", path, error.hint)
            return value
        if isinstance(text, Text):
            for part in text.parts:
                if isinstance(part, Ref) and part.star:
                    self.context.problem("star", f"{part.text!r}: '.*' stands in foreach only", path)
                elif isinstance(part, Ref):
                    self.accept(part, path, roots)
        return text

    def structure(self, value: Any, path: Path, roots: frozenset[str] = TEXT) -> Any:
        """Plain data with its texts parsed. Depth is bounded by the loader."""
        if isinstance(value, str):
            return self.text(value, path, roots)
        if isinstance(value, list):
            return [self.structure(v, (*path, i), roots) for i, v in enumerate(value)]
        if isinstance(value, dict):
            return {k: self.structure(v, (*path, k), roots) for k, v in value.items()}
        return value

    def as_it_is(self, value: Any, path: Path, hint: str) -> None:
        """Refuse ``${{ }}`` where nothing is filled in: it would be taken as it is."""
        if isinstance(value, str) and "${{" in value:
            self.context.problem(
                "text", "nothing is filled in here: '${{ }}' would stay as it is", path, hint
            )
        elif isinstance(value, list | dict):
            for key, item in enumerate(value) if isinstance(value, list) else value.items():
                self.as_it_is(item, (*path, key), hint)

    def when(self) -> Any | None:
        """The step's condition, parsed."""
        text = self.spec.when
        if text is None:
            return None
        path: Path = ("steps", self.name, "when")
        if isinstance(text, bool):
            return ("lit", text)
        try:
            tree = condition.parse(text, parse_reference)
        except condition.ConditionError as error:
            caret = text[: error.offset] + " >>> " + text[error.offset :]
            self.context.problem("condition", f"{error.message} in: {caret}", path, error.hint)
            return None
        for ref in condition.references(tree):
            word = ref.root == "step" and not ref.path
            self.accept(ref, path, PLAIN, f"a text is quoted: '{ref.text}'" if word else "")
        return tree


def _not_here(ref: Ref, roots: frozenset[str]) -> tuple[str, str, str]:
    if ref.root == "secrets":
        return "secret", f"{ref.text!r}: a secret stands in inputs only", "inputs: {token: secrets.TOKEN}"
    if roots is TEXT or roots == TEXT:
        return (
            "text", f"{ref.text!r}: a text takes params, item, matrix and run.id only",
            "pass a step's output through inputs",
        )  # fmt: skip
    allowed = ", ".join({"step": "STEP"}.get(r, r + "...") for r in sorted(roots))
    return "reference", f"{ref.text!r} cannot stand here", f"here may stand: {allowed}"


def near_name(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"there are: {', '.join(list(known)[:12])}" if known else "there are none"
