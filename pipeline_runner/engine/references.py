"""From references to values: what each means in a step, by content digest.

``References`` holds what the steps gave so far. It decides nothing and runs nothing; plain data is
read through the ``Cache`` port.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..keys.canonical import go_deeper, plain_digest
from ..keys.digest import combine
from ..model.bound import Bound, Deep, Inline, Many, Named, Secret, Stored
from ..model.graph import Graph, Ref, Step, Text
from ..resolve import condition
from .alignment import Alignment
from .items import NOTHING
from .known import FanOuts, NoFanOuts
from .ports import Cache, Code, FileTracker
from .results import StepResult, Unknown

RUN_ID = "\0run.id\0"  # stands for the run's id wherever a key is made


class BindError(Exception):
    """An argument cannot be made; the message is for the user."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class References:
    """Binds references. One for each run or plan, as a ``Binder``."""

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
        self.fanouts: FanOuts = NoFanOuts()
        self.results: dict[str, StepResult] = {}
        self.alignment = Alignment(graph, self.result)
        self.tracked_files: dict[str | tuple[str, ...], str] = {}  # what was tracked -> digest
        self._params: dict[tuple[str, tuple[str | int, ...]], Inline] = {}

    # ---- results -----------------------------------------------------------------------------

    def result(self, step: str) -> StepResult:
        found = self.results.get(step)
        if found is None:
            found = self.results[step] = StepResult(self.graph.steps[step])
        return found

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
            return self.deeper(result.gathered(output, self.alignment.of(reader, ref.name)), rest, ref)
        if not result.present(0):
            return NOTHING
        return self.deeper(result.output(0, None), ref.path, ref)

    def each_item(self, ref: Ref, reader: Step) -> tuple[Sequence[int], Bound]:
        """Which items of a fan-out a reader takes, and what they gave as one list, without groups.

        Raises:
            Unknown: it has to run first.
        """
        result = self.result(ref.name)
        if result.unknown:
            raise Unknown(ref.name)
        if result.skipped:
            return (), NOTHING
        kept = self.alignment.kept(reader, ref.name)
        index = range(len(result.table)) if kept is None else kept
        return index, result.listed(str(ref.path[0]) if ref.path else None, index)

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


def as_text(value: Any) -> str:
    """A value inside a text: texts as they are, the rest as JSON would write it."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _first_arg(error: BaseException) -> str:
    return str(error.args[0]) if error.args else str(error)
