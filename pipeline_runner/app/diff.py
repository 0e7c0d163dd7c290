"""``prun diff``: what differs between two runs, and what caused what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..engine.reasons import argument_changes, recipe_changes
from ..model.artifact import CacheKey, Entry, Recipe
from ..model.decision import Reason
from ..model.graph import ForEach, Graph, Matrix, Ref, Step
from ..model.names import task_id
from .diff_values import Change, param_changes, scalar_changes
from .why import source_diff

if TYPE_CHECKING:
    from .run import Run

MOST_TASKS = 50  # changed items of a fan-out that are looked at for reasons


class StepDiff(NamedTuple):
    """What differs in one step.

    ``reasons``: what of its own changed (code, params, files, packages ...). ``because``: the steps
    above whose outputs it reads and which changed. ``outputs``: how many of its tasks gave something else,
    of how many that are in both runs. ``scalars``: numbers and short texts that it gave.
    """

    step: str
    status: str  # "changed", "same", "added", "removed"
    reasons: Sequence[Reason] = ()
    because: Sequence[str] = ()
    outputs: tuple[int, int] = (0, 0)
    states: Change | None = None
    seconds: tuple[float | None, float | None] = (None, None)
    scalars: Sequence[Change] = ()
    items: tuple[Sequence[str], Sequence[str]] = ((), ())  # added, removed

    @property
    def changed(self) -> bool:
        return self.status != "same"


class RunDiff(NamedTuple):
    """Two runs side by side. ``causes``: for each changed step the reasons that lie at its root."""

    before: Run
    after: Run
    params: Sequence[Change]
    steps: Sequence[StepDiff]
    causes: Mapping[str, Sequence[str]]
    source: str  # the changed functions, as a diff

    def to_json(self) -> dict[str, Any]:
        """The object that ``prun diff --json`` prints."""
        return {
            "before": _head(self.before),
            "after": _head(self.after),
            "params": [c._asdict() for c in self.params],
            "steps": [
                {
                    **step._asdict(),
                    "reasons": [r._asdict() for r in step.reasons],
                    "outputs": {"changed": step.outputs[0], "compared": step.outputs[1]},
                    "states": step.states._asdict() if step.states else None,
                    "scalars": [c._asdict() for c in step.scalars],
                    "items": {"added": list(step.items[0]), "removed": list(step.items[1])},
                    "causes": list(self.causes.get(step.step, ())),
                }
                for step in self.steps
            ],
            "diff": self.source,
        }


def _head(run: Run) -> dict[str, Any]:
    return {"run_id": run.id, "status": run.status, "seconds": run.seconds, "counts": dict(run.counts)}


def diff_runs(before: Run, after: Run) -> RunDiff:
    """Compare two runs of one store.

    Raises ``RunFailed`` where one of them was killed before its record was written.
    """
    steps: list[StepDiff] = []
    sources: dict[str, str] = {}
    changed: set[str] = set()
    old, new = before.graph, after.graph
    for name in [*new.steps, *(n for n in old.steps if n not in new.steps)]:
        if name not in old.steps or name not in new.steps:
            steps.append(StepDiff(name, "added" if name in new.steps else "removed"))
            changed.add(name)
            continue
        step = _step(before, after, name, changed, sources)
        steps.append(step)
        if step.outputs[0] or step.items[0] or step.items[1]:
            changed.add(name)
    params = list(param_changes("", before.params, after.params))
    return RunDiff(before, after, params, steps, _causes(steps), "".join(sources.values()))


def _step(before: Run, after: Run, name: str, changed: set[str], sources: dict[str, str]) -> StepDiff:
    old, new = _Side(before, name), _Side(after, name)
    common = [key for key in new.entries if key in old.entries]
    different = [k for k in common if _digests(old.entries[k]) != _digests(new.entries[k])]
    reasons = list(_reasons(before, after, old, new, common, sources))
    step = new.graph.steps[name]
    above = {r: _of_input(r, step, new.graph) for r in reasons}
    own = [r for r in reasons if above[r] not in changed]
    because = dict.fromkeys(found for found in above.values() if found in changed)
    old_keys, new_keys = frozenset(old.keys), frozenset(new.keys)
    added = [k for k in new.keys if k not in old_keys]
    removed = [k for k in old.keys if k not in new_keys]
    if added or removed:
        items = _params_of_items(step)
        known = {r.what for r in own}
        own += [
            Reason("param", f"params.{c.name}", f"{c.before} -> {c.after}")
            for c in param_changes("", before.params, after.params)
            if c.name.partition(".")[0] in items and f"params.{c.name}" not in known
        ]
        because |= dict.fromkeys(n for n in _steps_of_items(step) if n in changed)
    states = Change("", old.states, new.states) if old.states != new.states else None
    scalars = [
        change
        for key in different[:MOST_TASKS]
        for change in scalar_changes(name, key, old.entries[key], new.entries[key])
    ]
    is_changed = bool(own or because or different or added or removed or scalars)
    return StepDiff(
        name,
        "changed" if is_changed else "same",
        own,
        [name for name in because if name],
        (len(different), len(common)),
        states,
        (old.seconds, new.seconds),
        scalars,
        ([task_id(name, k or None) for k in added], [task_id(name, k or None) for k in removed]),
    )


class _Side:
    """One step in one of the runs."""

    def __init__(self, run: Run, name: str) -> None:
        self.name = name
        self.graph: Graph = run.graph
        about: Mapping[str, Any] = run.steps.get(name) or {}
        self.keys: list[str] = list(about.get("keys") or [""]) if about else []
        self.states = _count(about.get("states", ()))
        self.entries = dict(self._entries(run, about))
        took = [e.seconds for e in self.entries.values()]
        self.seconds: float | None = sum(took) if took else None

    def _entries(self, run: Run, about: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
        pairs = [
            (key, CacheKey(*found))
            for key, found in zip(self.keys, about.get("entries", ()), strict=False)
            if found
        ]
        entries = run.store.lookup([key for _, key in pairs])
        for key, found in pairs:
            entry = entries.get(found)
            if isinstance(entry, Entry):
                yield key, entry


def _count(states: Sequence[str]) -> str:
    counts: dict[str, int] = {}
    for state in states:
        word = "run" if state in ("succeeded", "reused") else state or "unfinished"
        counts[word] = counts.get(word, 0) + 1
    if len(counts) == 1 and len(states) == 1:
        return next(iter(counts))
    # run now or reused: either way the result is there
    return ", ".join(f"{n:,} {'done' if word == 'run' else word}" for word, n in counts.items())


def _digests(entry: Entry) -> dict[str, str]:
    return {name: artifact.digest for name, artifact in entry.outputs.items()}


# ---- reasons -------------------------------------------------------------------------------------


def _reasons(
    before: Run, after: Run, old: _Side, new: _Side, common: Sequence[str], sources: dict[str, str]
) -> Iterator[Reason]:
    """What differs in the keys of the tasks that are in both, each once."""
    seen: dict[Reason, None] = {}
    recipes: dict[tuple[str, str], None] = {}
    for key in [k for k in common if old.entries[k].key != new.entries[k].key][:MOST_TASKS]:
        was, now = old.entries[key], new.entries[key]
        recipes[was.key.recipe, now.key.recipe] = None
        seen.update(dict.fromkeys(argument_changes(was.parts, now.parts)))
    for was_recipe, now_recipe in recipes:
        first, second = before.store.get_recipe(was_recipe), after.store.get_recipe(now_recipe)
        if was_recipe == now_recipe or first is None or second is None:
            continue  # of a step that is not cached nothing is known
        found = recipe_changes(first, second)
        seen.update(dict.fromkeys(found))
        for reason in found:
            if reason.kind == "code" and reason.what not in sources:
                sources[reason.what] = _source(reason.what, first, second, before, after)
    yield from seen


def _source(name: str, old: Recipe, new: Recipe, before: Run, after: Run) -> str:
    where = new.where.get(name) or old.where.get(name)
    return source_diff(
        old.source.get(name, ""), new.source.get(name, ""), where[0] if where else name, before.id, after.id
    )


def _of_input(reason: Reason, step: Step, graph: Graph) -> str | None:
    """The step whose output an input is."""
    if reason.kind != "input":
        return None
    name = reason.what.split(".")[0].split("[")[0]
    fanout = step.fanout
    if name == "item" and isinstance(fanout, ForEach):
        return _source_of(fanout.source)
    if name == "matrix" and isinstance(fanout, Matrix):
        axes = dict(fanout.axes)
        return _source_of(axes.get(reason.what.split(".")[1])) if "." in reason.what else None
    return name if name in graph.steps else None


def _source_of(source: Any) -> str | None:
    """The step that a fan-out's items come from."""
    return source.name if isinstance(source, Ref) and source.root == "step" else None


def _steps_of_items(step: Step) -> list[str]:
    """The steps that a fan-out's items come from."""
    fanout = step.fanout
    sources = [s for _, s in fanout.axes] if isinstance(fanout, Matrix) else [getattr(fanout, "source", None)]
    return [name for s in sources if (name := _source_of(s)) is not None]


def _params_of_items(step: Step) -> set[str]:
    """The params that a fan-out's items come from."""
    fanout = step.fanout
    sources = [s for _, s in fanout.axes] if isinstance(fanout, Matrix) else [getattr(fanout, "source", None)]
    return {s.name for s in sources if isinstance(s, Ref) and s.root == "params"}


def _causes(steps: Sequence[StepDiff]) -> dict[str, list[str]]:
    """Each changed step with what lies at the root: its own reasons and those of the steps above."""
    causes: dict[str, list[str]] = {}
    for step in steps:
        if not step.changed:
            continue
        found = [f"{r.kind} {r.what}".strip() for r in step.reasons]
        for above in step.because:
            found += causes.get(above, [above])
        causes[step.step] = list(dict.fromkeys(found))
    return causes
