"""From what the user wrote to a Graph: every name resolved, every edge drawn, every problem told."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..errors import PipelineError, Problem
from ..model.graph import (
    Binding,
    CachePolicy,
    Executor,
    Files,
    Graph,
    Input,
    Literal,
    Ref,
    Retry,
    Share,
    Step,
    Text,
    calls_of,
)
from ..model.names import RESERVED
from ..spec.load import UNKNOWN, Loaded
from ..spec.models import RetrySpec, StepSpec
from ..spec.reference import RefError, looks_like_reference, parse_text
from .fan_outs import fan_out, followed
from .order import find_cycle, in_order, sort_problems
from .published import check_publish
from .scope import ANYWHERE, PLAIN, Context, Path, Scope, near_name

_MAY_FOLLOW = frozenset({"no-item", "no-matrix", "unknown-axis", "unknown-argument"})


class Built(NamedTuple):
    """The graph, and what is wrong. With errors it holds the steps that have none, for more checks."""

    graph: Graph
    problems: tuple[Problem, ...]
    calls: tuple[tuple[Path, str], ...] = ()  # the callables of steps that are not in the graph, and where

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity == "error")


def build(loaded: Loaded) -> Graph:
    """The graph of a loaded pipeline.

    Raises:
        PipelineError: with every problem of the file, those of the loader included.
    """
    built = try_build(loaded)
    if built.errors:
        raise PipelineError(built.errors)
    return built.graph


def try_build(loaded: Loaded) -> Built:
    """The graph of a loaded pipeline as far as it can be made, and every problem, sorted by place."""
    builder = _Builder(loaded)
    steps = {name: builder.step(name, spec) for name, spec in loaded.spec.steps.items()}
    for name, spec in loaded.rest.items():
        builder.judge(name, spec)
    check_publish(builder, steps)
    cycle = find_cycle({n: [d for d in s.needs if d in steps] for n, s in steps.items()})
    if len(cycle) == 2:
        at = ("steps", cycle[0], "needs")
        builder.problem("cycle", f"step {cycle[0]!r} needs itself", at, "take it out of 'needs'")
    elif cycle:
        path = " -> ".join(cycle)
        builder.problem(
            "cycle", f"these steps need each other: {path}", ("steps", cycle[0]),
            "take one of these references out", key=True,
        )  # fmt: skip
    problems = sort_problems([*loaded.problems, *builder.problems])
    if any(p.severity == "error" for p in problems):
        steps = {name: step for name, step in steps.items() if name not in builder.bad}
    left = {n: s for n, s in (loaded.spec.steps | loaded.rest).items() if n not in steps}
    calls = [found for name, spec in left.items() for found in calls_of(name, spec.call, spec.check)]
    return Built(_graph(loaded, steps), tuple(problems), tuple(c for c in calls if c[1] != UNKNOWN))


def _graph(loaded: Loaded, steps: Mapping[str, Step]) -> Graph:
    spec = loaded.spec
    return Graph(
        name=spec.name,
        root=loaded.root,
        file=loaded.file,
        steps={name: steps[name] for name in in_order({n: s.needs for n, s in steps.items()})},
        included=tuple(path for path, _ in loaded.files if path != loaded.file),
        pythonpath=tuple(spec.pythonpath),
        store=spec.store.url if spec.store is not None else None,
        sign=spec.store.sign if spec.store is not None else None,
        safe=spec.serializers == "safe",
        executor=Executor(**spec.executor.model_dump()),
        pools=dict(spec.pools),
        secrets=dict(spec.secrets),
        schedule=spec.schedule.model_dump() if spec.schedule else None,
        description=spec.description or "",
        on_success=tuple(spec.on_success),
        on_failure=tuple(spec.on_failure),
        hook_env=dict(_hook_env(spec.env)) if spec.on_success or spec.on_failure else {},
    )


def _hook_env(env: Mapping[str, str]) -> Iterator[tuple[str, Text | str]]:
    """A hook belongs to no item. What is wrong with a text has been told with the steps."""
    for name, value in env.items():
        try:
            text = parse_text(value)
        except RefError:
            continue
        refs = [part for part in text.parts if isinstance(part, Ref)] if isinstance(text, Text) else []
        if all(ref.root in ("params", "run") for ref in refs):
            yield name, text


class _Builder(Context):
    """Makes steps of what was written."""

    # ---- a step -----------------------------------------------------------------------------

    def step(self, name: str, spec: StepSpec) -> Step:
        at: Path = ("steps", name)
        scope = Scope(self, name, spec)
        args = self.args(scope)
        fanout = fan_out(scope)
        when = scope.when()
        env = {k: scope.text(v, (*at, "env", k)) for k, v in self.spec.env.items() if k not in spec.env}
        env |= {k: scope.text(v, (*at, "env", k)) for k, v in spec.env.items()}
        publish = {
            k: scope.text(v, (*at, "publish", k) if k else (*at, "publish")) for k, v in spec.publish.items()
        }
        for kind in ("publish", "check"):
            for output in getattr(spec, kind):
                if output and output not in (spec.outputs or ()):
                    declared = ", ".join(spec.outputs or ()) or "none"
                    self.problem(
                        "unknown-output", f"step {name!r} declares no output {output!r}",
                        (*at, kind, output), f"its outputs: {declared}", key=True,
                    )  # fmt: skip
        scope.as_it_is(
            spec.cache.version, (*at, "cache", "version"), "pass the param by inputs: it is in the key"
        )
        after = self.after(name, spec)
        defaults = self.spec.defaults
        retry = spec.retry if spec.retry is not None else defaults.retry
        image = spec.image or defaults.image or self.spec.image
        resources = dict(defaults.resources or {}) | dict(spec.resources or {})
        for key in ("max_parallel", "max_failures"):
            if getattr(spec, key) is not None and spec.foreach is None and spec.matrix is None:
                self.problem(
                    "no-fan-out", f"step {name!r} is no fan-out: {key} has nothing to limit",
                    (*at, key), "add foreach or matrix, or take it out", key=True,
                )  # fmt: skip
        needs = dict.fromkeys(r.name for r in scope.refs if r.root == "step" and r.name in self.known)
        needs |= dict.fromkeys(after)
        return Step(
            name=name,
            call=spec.call,
            args=args,
            fanout=fanout,
            outputs=tuple(spec.outputs) if spec.outputs is not None else None,
            after=tuple(after),
            when=when,
            trigger_rule=spec.trigger_rule,
            on_error=spec.on_error or "fail",
            retry=_retry(retry),
            timeout=spec.timeout if spec.timeout is not None else defaults.timeout,
            max_parallel=spec.max_parallel,
            max_failures=_max_failures(spec.max_failures),
            cache=CachePolicy(
                spec.cache.enabled,
                None if spec.cache.version is None else str(spec.cache.version),
                frozenset(spec.cache.ignore),
                spec.cache.code,
            ),
            check=dict(spec.check),
            publish=publish,
            env=env,
            resources=scope.structure(resources, (*at, "resources")),
            pools=self.pools(name, spec),
            tags=tuple(spec.tags),
            image=scope.text(image, (*at, "image")) if image else None,
            description=spec.description or "",
            needs=tuple(needs),
            follows=followed(self.spec.steps, fanout),
            where=self.loaded.source.place(at, key=True),
        )

    def judge(self, name: str, spec: StepSpec) -> None:
        """Tell what is wrong with the references of a step that cannot be made.

        What may only follow from the keys that are missing is not told: an item without a fan-out.
        """
        found, self.problems = self.problems, []
        scope = Scope(self, name, spec)
        self.args(scope)
        fan_out(scope)
        scope.when()
        self.after(name, spec)
        self.problems = [*found, *(p for p in self.problems if p.code not in _MAY_FOLLOW)]

    def args(self, scope: Scope) -> dict[str, Binding]:
        spec, name = scope.spec, scope.name
        args: dict[str, Binding] = {}
        groups: tuple[tuple[str, Mapping[str, Any]], ...] = (
            ("inputs", spec.inputs), ("files", spec.files), ("with", spec.with_),
        )  # fmt: skip
        for group, values in groups:
            for arg, value in values.items():
                path: Path = ("steps", name, group, arg)
                if arg in args:
                    self.problem(
                        "duplicate-argument", f"argument {arg!r} of step {name!r} is given twice",
                        path, "keep it in one of inputs, files and with", key=True,
                    )  # fmt: skip
                    continue
                binding: Binding | None
                if group == "inputs":
                    ref = scope.reference(value, path, ANYWHERE)
                    binding = Input(ref) if ref else None
                elif group == "files":
                    binding = self.files(scope, value, path)
                else:
                    binding = Literal(scope.structure(value, path))
                if binding is not None:
                    args[arg] = binding
        for arg in spec.cache.ignore:
            if arg not in args:
                near = difflib.get_close_matches(arg, list(args), 1)
                self.problem(
                    "unknown-argument", f"cache.ignore names {arg!r}, which step {name!r} does not pass",
                    ("steps", name, "cache", "ignore"),
                    f"did you mean {near[0]!r}?" if near else f"its arguments: {', '.join(args) or 'none'}",
                )  # fmt: skip
        return args

    def files(self, scope: Scope, value: str, path: Path) -> Files | None:
        text = scope.text(value, path)
        if isinstance(text, Text):
            return Files(text)
        if looks_like_reference(value):
            root = value.partition(".")[0].partition("[")[0]
            if root in RESERVED or (root in self.known and root != scope.name):
                ref = scope.reference(value, path, PLAIN)
                return Files(ref) if ref else None
        return Files(text)

    def after(self, name: str, spec: StepSpec) -> list[str]:
        known = []
        for i, need in enumerate(spec.needs):
            path: Path = ("steps", name, "needs", i)
            if need not in self.known:
                self.problem("unknown-step", f"there is no step {need!r}", path, self.near_step(need))
            else:
                known.append(need)
        return known

    def pools(self, name: str, spec: StepSpec) -> dict[str, int]:
        """The places that a task takes in each pool."""
        named = [(("pools", pool), pool, places) for pool, places in spec.pools.items()]
        if spec.pool is not None:
            named.append((("pool", ""), spec.pool, 1))
        for (key, inner), pool, places in named:
            path: Path = ("steps", name, key, inner) if inner else ("steps", name, key)
            if pool not in self.spec.pools:
                hint = (
                    near_name(pool, self.spec.pools)
                    if self.spec.pools
                    else f"add pools: {{{pool}: 1}} at the top"
                )
                self.problem("unknown-pool", f"there is no pool {pool!r}", path, hint)
            elif places > self.spec.pools[pool]:
                self.problem(
                    "resources", f"step {name!r} takes {places} places in the pool {pool!r}, which has "
                    f"{self.spec.pools[pool]}", path, "ask for less, or make the pool bigger",
                )  # fmt: skip
        return {pool: places for _, pool, places in reversed(named)}


def _max_failures(written: int | str | None) -> int | Share | None:
    return Share(float(written[:-1])) if isinstance(written, str) else written


def _retry(spec: RetrySpec | None) -> Retry:
    if spec is None:
        return Retry()
    return Retry(spec.limit, spec.delay, spec.backoff, spec.jitter, spec.max_delay, tuple(spec.on))
